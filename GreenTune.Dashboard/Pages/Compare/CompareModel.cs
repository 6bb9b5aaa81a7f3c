using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Compare;

/// <summary>
/// Compare's state: what is saved, what the reader has changed, what that would mean (asked from Accounting, never worked out here), and the plan that
/// measures.
/// </summary>
public sealed class CompareModel(AccountingClient accounting, InferenceClient inference, TimeProvider time) : IDisposable
{
    /// <summary>Grid steps along an edge of the triangle.</summary>
    private const int TriangleSteps = 60;

    private readonly Throttle _previews = new(TimeSpan.FromMilliseconds(120), time);
    private (double Floor, string? Reference)? _triangleOf;

    /// <summary>What is saved and in force.</summary>
    public Loadable<ThreeEView> Saved { get; } = new(time);

    public Loadable<WeightTriangle> Triangle { get; } = new(time);

    public CompareDraft Draft { get; private set; } = new(ThreeEWeights.Equal, ThreeESettings.Default.Floor, null, null);

    /// <summary>What the draft would mean; null while it is the saved one or not known yet.</summary>
    public ThreeEView? Preview { get; private set; }

    /// <summary>Why the draft could not be previewed or saved; null when it could.</summary>
    public string? Problem { get; private set; }

    /// <summary>The settings that somebody else saved meanwhile; null when nobody did.</summary>
    public ThreeEView? Theirs { get; private set; }

    public bool Saving { get; private set; }

    /// <summary>The plan that runs or ran last; null when none ran.</summary>
    public PlanStatus? Plan { get; private set; }

    /// <summary>Text of the floor's field.</summary>
    public string FloorText { get; private set; } = "0.95";

    public string? FloorError { get; private set; }

    /// <summary>What the page shows: the draft's view if there is one, the saved one otherwise.</summary>
    public ThreeEView? Shown => IsDirty && Preview is not null ? Preview : Saved.Value;

    public bool IsDirty => Saved.Value is { } saved && !Draft.SameAs(saved.Settings);

    public bool CanSave => IsDirty && !Saving && FloorError is null;

    public bool Measuring => Plan?.State == PlanState.Running;

    /// <summary>Loads what is saved. A draft stays, also one that is made while this loads.</summary>
    public async Task LoadAsync(CompareDraft? wanted = null)
    {
        var before = Saved.Value;
        await Task.WhenAll(Saved.LoadAsync(accounting.GetThreeEAsync), LoadPlanAsync());
        if (Saved.Value is not { } saved)
        {
            return;
        }

        if (wanted is not null)
        {
            SetDraft(wanted);
        }
        else if (before is null || Draft.SameAs(before.Settings))
        {
            SetDraft(CompareDraft.Of(saved.Settings));
        }

        _triangleOf = null;
        await Task.WhenAll(LoadTriangleAsync(), RefreshPreviewAsync());
    }

    public async Task LoadPlanAsync()
    {
        try
        {
            Plan = await inference.GetPlanAsync(CancellationToken.None);
        }
        catch (ServiceException)
        {
            // The banner tells that Inference is away; what is saved can still be compared.
        }
    }

    public Task SetWeightAsync(WeightAxis axis, double value) => ChangeAsync(Draft with { Weights = WeightMoves.Set(Draft.Weights, axis, value) });

    public Task NudgeAsync(TriangleNudge nudge) => ChangeAsync(Draft with { Weights = WeightMoves.Nudge(Draft.Weights, nudge) });

    public Task MoveAsync(ThreeEWeights weights) =>
        ChangeAsync(Draft with { Weights = WeightMoves.Normalise(weights.Energy, weights.Efficiency, weights.Effectiveness) });

    public Task SetReferenceAsync(string reference) => ChangeAsync(Draft with { Reference = reference.Length == 0 ? null : reference });

    public Task PinAsync(string? configurationId) => ChangeAsync(Draft with { Pinned = configurationId });

    public Task SetFloorAsync(string text)
    {
        FloorText = text;
        if (!double.TryParse(text.Trim().Replace(',', '.'), NumberStyles.Float, CultureInfo.InvariantCulture, out var floor) || floor is < 0 or > 1)
        {
            FloorError = "Between 0 and 1, for example 0.95";
            return Task.CompletedTask;
        }

        FloorError = null;
        return ChangeAsync(Draft with { Floor = floor });
    }

    /// <summary>Back to what is saved.</summary>
    public Task ResetAsync()
    {
        if (Saved.Value is not { } saved)
        {
            return Task.CompletedTask;
        }

        Theirs = null;
        Problem = null;
        SetDraft(CompareDraft.Of(saved.Settings));
        return Task.WhenAll(LoadTriangleAsync(), RefreshPreviewAsync());
    }

    /// <summary>Saves the draft; returns whether it holds now. When somebody saved first, <see cref="Theirs"/> is what they saved.</summary>
    public async Task<bool> SaveAsync()
    {
        if (Saved.Value is not { } saved || FloorError is not null)
        {
            return false;
        }

        var draft = Draft;
        Saving = true;
        Problem = null;
        try
        {
            Saved.Set(await accounting.SaveThreeEAsync(draft.ToInput(saved.Settings.Version), CancellationToken.None));
            Theirs = null;
            // A handle that was moved meanwhile stays where the reader put it.
            if (ReferenceEquals(Draft, draft))
            {
                Preview = null;
                SetDraft(CompareDraft.Of(Saved.Value!.Settings));
            }

            return true;
        }
        catch (ServiceException e) when (e.Failure == ServiceFailure.Conflict)
        {
            await Saved.LoadAsync(accounting.GetThreeEAsync);
            Theirs = Saved.Value;
            return false;
        }
        catch (ServiceException e)
        {
            Problem = e.Message;
            return false;
        }
        finally
        {
            Saving = false;
        }
    }

    /// <summary>Starts measuring; returns why it did not start, or null.</summary>
    public async Task<string?> MeasureAsync(PlanRequest request)
    {
        try
        {
            Plan = await inference.StartPlanAsync(request, CancellationToken.None);
            return null;
        }
        catch (ServiceException e)
        {
            await LoadPlanAsync();
            return e.Message;
        }
    }

    public async Task<string?> CancelMeasuringAsync()
    {
        try
        {
            await inference.CancelPlanAsync(CancellationToken.None);
            await LoadPlanAsync();
            return null;
        }
        catch (ServiceException e)
        {
            return e.Message;
        }
    }

    public Task LoadTriangleAsync()
    {
        if (Shown?.Plan is null)
        {
            return Task.CompletedTask;
        }

        var wanted = (Draft.Floor, Draft.Reference);
        if (_triangleOf == wanted && Triangle.Error is null)
        {
            return Task.CompletedTask;
        }

        _triangleOf = wanted;
        return Triangle.LoadAsync(token => accounting.GetTriangleAsync(wanted.Floor, wanted.Reference, TriangleSteps, token));
    }

    public void Dispose()
    {
        Saved.Dispose();
        Triangle.Dispose();
        _previews.Dispose();
    }

    private Task ChangeAsync(CompareDraft draft)
    {
        Draft = draft;
        Problem = null;
        return Task.WhenAll(LoadTriangleAsync(), RefreshPreviewAsync());
    }

    private void SetDraft(CompareDraft draft)
    {
        Draft = draft;
        FloorText = draft.Floor.ToString("0.####", CultureInfo.InvariantCulture);
        FloorError = null;
    }

    private Task RefreshPreviewAsync()
    {
        if (!IsDirty)
        {
            Preview = null;
            return _previews.RunAsync(_ => Task.CompletedTask);
        }

        var draft = Draft;
        return _previews.RunAsync(async token =>
        {
            try
            {
                Preview = await accounting.PreviewThreeEAsync(draft.ToInput(null), token);
                Problem = null;
            }
            catch (ServiceException e)
            {
                Problem = e.Message;
            }
        });
    }
}
