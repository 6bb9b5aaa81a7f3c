using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Carbon;

/// <summary>The marginal intensity of now, or why there is none.</summary>
public sealed record MarginalNow(CarbonFactor? Factor, string? Reason);

/// <summary>Carbon's state: both chains, the hours ahead, the sources, the zones and the restatements with their form.</summary>
public sealed class CarbonModel(AccountingClient accounting, TimeProvider time) : IDisposable
{
    /// <summary>How far ahead can be looked.</summary>
    public static readonly IReadOnlyList<(int Hours, string Text)> Spans = [(24, "24 h"), (48, "48 h"), (72, "72 h")];

    /// <summary>The factor that records of this hour are priced with.</summary>
    public Loadable<CarbonFactor> InForce { get; } = new(time);

    public Loadable<MarginalNow> Marginal { get; } = new(time);

    public Loadable<CarbonForecast> AverageAhead { get; } = new(time);

    public Loadable<CarbonForecast> MarginalAhead { get; } = new(time);

    public Loadable<IReadOnlyList<CarbonSourceState>> Sources { get; } = new(time);

    public Loadable<IReadOnlyList<CarbonZone>> Zones { get; } = new(time);

    public Loadable<IReadOnlyList<Restatement>> Restatements { get; } = new(time);

    /// <summary>The form when it is open.</summary>
    public RestatementForm? Form { get; private set; }

    /// <summary>The form waits for the service.</summary>
    public bool Busy { get; private set; }

    /// <summary>24, 48 or 72.</summary>
    public int Hours { get; private set; } = Spans[0].Hours;

    /// <summary>The chain whose hours ahead are drawn; the two never stand in one chart.</summary>
    public CarbonSignal Signal { get; private set; }

    public Loadable<CarbonForecast> Ahead => Signal == CarbonSignal.Average ? AverageAhead : MarginalAhead;

    /// <summary>The factor of the drawn chain now; null when there is none.</summary>
    public CarbonFactor? Now => Signal == CarbonSignal.Average ? InForce.Value : Marginal.Value?.Factor;

    public Task LoadAsync() => Task.WhenAll(RefreshAsync(), LoadZonesAsync(), LoadRestatementsAsync());

    /// <summary>What changes by the hour, and sources' states in between.</summary>
    public Task RefreshAsync() => Task.WhenAll(LoadFactorAsync(), LoadMarginalAsync(), LoadAheadAsync(), LoadSourcesAsync());

    public Task LoadFactorAsync() => InForce.LoadAsync(accounting.GetFactorAsync);

    public Task LoadMarginalAsync() => Marginal.LoadAsync(async token =>
    {
        try
        {
            return new MarginalNow(await accounting.GetMarginalAsync(token), null);
        }
        catch (ServiceException e) when (e.Failure == ServiceFailure.NotFound)
        {
            // No value is an answer: nothing stands in for a marginal one.
            return new MarginalNow(null, e.Message);
        }
    });

    public Task LoadAheadAsync()
    {
        // As many as are worth waiting for: a sixth of a day, less of longer spans.
        var greenest = 2 + (Hours / 12);
        return Task.WhenAll(
            AverageAhead.LoadAsync(token => accounting.GetForecastAsync(CarbonSignal.Average, Hours, greenest, token)),
            MarginalAhead.LoadAsync(token => accounting.GetForecastAsync(CarbonSignal.Marginal, Hours, greenest, token)));
    }

    public Task LoadSourcesAsync() => Sources.LoadAsync(accounting.GetCarbonSourcesAsync);

    public Task LoadZonesAsync() => Zones.LoadAsync(accounting.GetCarbonZonesAsync);

    public Task LoadRestatementsAsync() => Restatements.LoadAsync(accounting.GetRestatementsAsync);

    /// <summary>Looks so far ahead; a length that cannot be chosen becomes the first.</summary>
    public Task LookAheadAsync(int hours)
    {
        hours = Spans.Any(s => s.Hours == hours) ? hours : Spans[0].Hours;
        if (hours == Hours)
        {
            return Task.CompletedTask;
        }

        Hours = hours;
        return LoadAheadAsync();
    }

    public void Draw(CarbonSignal signal) => Signal = signal;

    public void OpenForm(string? by) => Form = RestatementForm.New(time.GetUtcNow(), by);

    public void CloseForm() => Form = null;

    /// <summary>Reads the form and looks up what would change; false with the form's errors set when it cannot be made so.</summary>
    public async Task<bool> ReviewAsync()
    {
        if (Form is not { } form || form.Read(time.GetUtcNow()) is not { } input)
        {
            return false;
        }

        return await AskAsync(form, async () =>
        {
            var span = await accounting.GetSummaryAsync(input.From, input.To, CancellationToken.None);
            form.Show(RestatementReview.Of(input, span, InForce.Value, Restatements.Value ?? []));
            return true;
        });
    }

    /// <summary>Makes what was reviewed; null with the form's errors set when it was not made.</summary>
    public async Task<Restatement?> MakeAsync()
    {
        if (Form is not { Review: { } review } form)
        {
            return null;
        }

        return await AskAsync(form, async () =>
        {
            var made = await accounting.MakeRestatementAsync(review.Input, CancellationToken.None);
            Form = null;
            // Those that it supersedes say so from now on.
            await LoadRestatementsAsync();
            return made;
        });
    }

    public void Dispose()
    {
        InForce.Dispose();
        Marginal.Dispose();
        AverageAhead.Dispose();
        MarginalAhead.Dispose();
        Sources.Dispose();
        Zones.Dispose();
        Restatements.Dispose();
    }

    private async Task<T?> AskAsync<T>(RestatementForm form, Func<Task<T>> ask)
    {
        Busy = true;
        try
        {
            return await ask();
        }
        catch (ServiceException e)
        {
            form.Refuse(e.Message, e.Fields);
            return default;
        }
        finally
        {
            Busy = false;
        }
    }
}
