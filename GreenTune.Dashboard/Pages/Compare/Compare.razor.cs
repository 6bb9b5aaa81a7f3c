using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Ui;
using Microsoft.AspNetCore.Components;

namespace GreenTune.Dashboard.Pages.Compare;

public sealed partial class Compare
{
    private static readonly TimeSpan PlanInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AddressDelay = TimeSpan.FromMilliseconds(400);
    private Throttle? _address;
    private bool _polling;
    private bool _showPlan;
    private bool _measureAsked;

    [SupplyParameterFromQuery(Name = "weights")]
    public string? WeightsQuery { get; set; }

    /// <summary>"true" opens the dialog for measuring.</summary>
    [SupplyParameterFromQuery(Name = "measure")]
    public string? MeasureQuery { get; set; }

    [Inject]
    private ConfigurationPalette Palette { get; set; } = default!;

    [Inject]
    private Dialogs Dialogs { get; set; } = default!;

    [Inject]
    private Toasts Toasts { get; set; } = default!;

    private CompareModel Model { get; set; } = default!;

    private string? DefaultConfiguration => Shell.Configurations.Value?.FirstOrDefault(c => c.IsDefault) is { } configuration ? ConfigurationName.Parse(configuration.Id).Full : null;

    protected override void Prepare()
    {
        Model = new CompareModel(Accounting, Inference, Time);
        _address = new Throttle(AddressDelay, Time);
    }

    protected override async Task LoadAsync()
    {
        var first = Model.Saved.Value is null;
        await Model.LoadAsync();
        if (first && Model.Saved.Value is { } saved && CompareDraft.ParseWeights(WeightsQuery) is { } weights)
        {
            await Model.LoadAsync(CompareDraft.Of(saved.Settings) with { Weights = weights });
        }

        FollowPlan();
    }

    protected override Task ReloadFailedAsync() => Model.Saved.Error is null && Model.Triangle.Error is null ? Model.LoadPlanAsync() : LoadAsync();

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        await base.OnAfterRenderAsync(firstRender);
        if (MeasureQuery == "true" && !_measureAsked && Model.Saved.Value is not null)
        {
            _measureAsked = true;
            KeepInAddress(new Dictionary<string, object?> { ["measure"] = null });
            await MeasureAsync();
        }
        else if (MeasureQuery != "true")
        {
            _measureAsked = false;
        }
    }

    protected override async ValueTask<bool> OnEventAsync(AccountingEvent item)
    {
        switch (item)
        {
            // Sent on every connection too: only another choice is news.
            case AutoChanged { Auto: var auto } when Model.Saved.Value is { } saved && !auto.Because.SequenceEqual(saved.Auto.Because):
            case PlanArrived:
                await Model.LoadAsync();
                return true;
            default:
                return false;
        }
    }

    protected override ValueTask DisposePageAsync()
    {
        Model.Dispose();
        _address?.Dispose();
        return ValueTask.CompletedTask;
    }

    private static IReadOnlyList<(string, string)> References(ThreeEView view) =>
    [
        ("", view.Plan is { } plan ? ConfigurationName.Parse(plan.Reference).Label : "The plan's"),
        .. (view.Plan?.Configurations ?? []).Where(c => c != view.Plan?.Reference).Select(c => (c, ConfigurationName.Parse(c).Label)),
    ];

    private Task RetryAsync() => LoadAsync();

    private Task SetWeightAsync((WeightAxis Axis, double Value) change) => ChangeAsync(Model.SetWeightAsync(change.Axis, change.Value));

    private Task MoveAsync(ThreeEWeights weights) => ChangeAsync(Model.MoveAsync(weights));

    private Task NudgeAsync(TriangleNudge nudge) => ChangeAsync(Model.NudgeAsync(nudge));

    private Task SetFloorAsync(string text) => ChangeAsync(Model.SetFloorAsync(text));

    private Task SetReferenceAsync(string reference) => ChangeAsync(Model.SetReferenceAsync(reference));

    private Task ResetAsync() => ChangeAsync(Model.ResetAsync());

    /// <summary>Draws the moved handle at once, and again when the preview is there; the address follows when the hand rests.</summary>
    private async Task ChangeAsync(Task change)
    {
        StateHasChanged();
        await change;
        await _address!.RunAsync(async token =>
        {
            await Task.Delay(AddressDelay, Time, token);
            KeepInAddress(new Dictionary<string, object?> { ["weights"] = Model.IsDirty ? Model.Draft.WeightsQuery : null });
        });
    }

    private async Task SaveAsync()
    {
        if (await Model.SaveAsync())
        {
            Toasts.Done(Model.Saved.Value?.Auto.ConfigurationId is { } id ? $"Saved. auto serves {ConfigurationName.Parse(id).Full}." : "Saved.");
            KeepInAddress(new Dictionary<string, object?> { ["weights"] = null });
        }
    }

    private Task OverwriteAsync() => SaveAsync();

    private async Task PinAsync()
    {
        var options = (Model.Shown?.Ranking ?? [])
            .Select(r => (r.ConfigurationId, ConfigurationName.Parse(r.ConfigurationId).Full + (r.BelowFloor ? ", below the floor" : string.Empty)))
            .Prepend((string.Empty, "None: the scores decide"))
            .ToList();
        var choice = await Dialogs.OpenAsync<PinDialog, string>("Pin a configuration", new Dictionary<string, object?>
        {
            [nameof(PinDialog.Options)] = (IReadOnlyList<(string, string)>)options,
            [nameof(PinDialog.Chosen)] = Model.Draft.Pinned ?? string.Empty,
        });
        if (choice is not null)
        {
            await ChangeAsync(Model.PinAsync(choice.Length == 0 ? null : choice));
        }
    }

    private async Task MeasureAsync()
    {
        await Shell.RefreshCatalogueAsync();

        IReadOnlyList<string> ready = [.. (Shell.Configurations.Value ?? []).Where(c => c.State == ConfigurationState.Ready).Select(c => c.Id)];
        if (ready.Count == 0)
        {
            Toasts.Failed("No configuration is ready yet. Wait until Inference has built one, then try again.");
            return;
        }

        var request = await Dialogs.OpenAsync<MeasureDialog, PlanRequest>("Measure configurations", new Dictionary<string, object?> { [nameof(MeasureDialog.Configurations)] = ready });
        if (request is null)
        {
            return;
        }

        if (await Model.MeasureAsync(request) is { } problem)
        {
            Toasts.Failed(problem);
        }

        FollowPlan();
    }

    private async Task CancelAsync()
    {
        if (await Model.CancelMeasuringAsync() is { } problem)
        {
            Toasts.Failed(problem);
        }
    }

    /// <summary>Asks once a second how far the plan is, while one runs.</summary>
    private void FollowPlan()
    {
        if (!_polling && Model.Measuring)
        {
            _polling = true;
            _ = PollAsync();
        }
    }

    private async Task PollAsync()
    {
        try
        {
            while (Model.Measuring)
            {
                await Task.Delay(PlanInterval, Time, Gone);
                await Model.LoadPlanAsync();
                if (!Session.Hidden)
                {
                    StateHasChanged();
                }
            }

            _showPlan = true;
            if (Model.Plan?.State == PlanState.Completed)
            {
                // The results come to Accounting a moment later, by an event; a missed one is made up for here.
                await Model.LoadAsync();
            }

            StateHasChanged();
        }
        catch (OperationCanceledException)
        {
            // The page is gone.
        }
        finally
        {
            _polling = false;
        }
    }
}
