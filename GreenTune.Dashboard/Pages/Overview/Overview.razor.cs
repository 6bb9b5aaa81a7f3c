using GreenTune.Dashboard.Charts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Ui;
using Microsoft.AspNetCore.Components;

namespace GreenTune.Dashboard.Pages.Overview;

public sealed partial class Overview
{
    private static readonly IReadOnlyList<(PeriodChoice, string)> Periods = [.. PeriodChoice.All.Select(p => (p, p.Label))];
    private bool _refreshPlanned;

    [SupplyParameterFromQuery(Name = "period")]
    public string? PeriodQuery { get; set; }

    [Inject]
    private ConfigurationPalette Palette { get; set; } = default!;

    private OverviewModel Model { get; set; } = default!;

    private string Headline => (Model.Summary.Value, Model.Summary.State) switch
    {
        ({ } summary, _) => OverviewHeadline.Of(summary, [.. (Model.Budgets.Value ?? []).Where(b => Tenant is null || b.Budget.Tenant is null || b.Budget.Tenant == Tenant)], Model.Period, Session.Times),
        (_, LoadState.Failed) => "The figures did not come.",
        _ => "What it cost, how sure that is, and what needs you.",
    };

    private IReadOnlyList<BarRow> Bars =>
    [
        .. (Model.Summary.Value?.Configurations ?? [])
            .Where(c => c.JoulesPerOutputToken is not null)
            .OrderBy(c => c.JoulesPerOutputToken!.Value)
            .Select(c => new BarRow(ConfigurationName.Parse(c.ConfigurationId).Label, c.JoulesPerOutputToken!, Palette.ColourOf(c.ConfigurationId))),
    ];

    private string BarDescription =>
        "Energy per output token, lowest first: " + string.Join(", ", Bars.Select(b => $"{b.Label} {Figures.Of(b.Value.Value, Unit.Joule)}"));

    private ChartTable BarTable
    {
        get
        {
            var rows = (Model.Summary.Value?.Configurations ?? []).Where(c => c.JoulesPerOutputToken is not null).OrderBy(c => c.JoulesPerOutputToken!.Value).ToList();
            var scale = UnitScale.ForColumn(rows.Select(r => r.JoulesPerOutputToken?.Value), Unit.Joule);
            return new ChartTable(
                [new("Configuration"), new($"{scale.Symbol}/token", true), new("Low", true), new("High", true), new("Requests", true), new("Quality")],
                [
                    .. rows.Select(IReadOnlyList<ChartCell> (r) =>
                    [
                        new(r.ConfigurationId), ChartCell.Number(r.JoulesPerOutputToken!.Value, scale), ChartCell.Number(r.JoulesPerOutputToken.Low, scale),
                        ChartCell.Number(r.JoulesPerOutputToken.High, scale), ChartCell.Number(r.Requests, 0), new(r.Quality.ToString().ToLowerInvariant()),
                    ]),
                ]);
        }
    }

    protected override void Prepare() => Model = new OverviewModel(Accounting, Inference, Time);

    protected override Task LoadAsync() => Model.LoadAsync(PeriodChoice.Parse(PeriodQuery), Tenant);

    protected override Task ReloadFailedAsync() => Model.ReloadFailedAsync();

    protected override async Task OnParametersSetAsync()
    {
        if (RendererInfo.IsInteractive && Model.Period != PeriodChoice.Parse(PeriodQuery))
        {
            await LoadAsync();
        }
    }

    protected override ValueTask<bool> OnEventAsync(AccountingEvent item)
    {
        var changed = Model.Apply(item);
        if (Model.SummaryIsOld && !_refreshPlanned)
        {
            _refreshPlanned = true;
            _ = RefreshAsync();
        }

        return ValueTask.FromResult(changed);
    }

    protected override ValueTask DisposePageAsync()
    {
        Model.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Sums follow the records after a moment, once for all that arrive in it.</summary>
    private async Task RefreshAsync()
    {
        try
        {
            do
            {
                await Task.Delay(TimeSpan.FromSeconds(1), Time, Gone);
            }
            while (!await Model.RefreshSummaryAsync());
            _refreshPlanned = false;
            StateHasChanged();
        }
        catch (OperationCanceledException)
        {
            // The page is gone.
        }
    }

    private void ChoosePeriod(PeriodChoice period) =>
        KeepInAddress(new Dictionary<string, object?> { ["period"] = period == PeriodChoice.Today ? null : period.Query });

    private string? TipOf(OverviewKpi? kpi) => kpi?.Key switch
    {
        "requests" => "Counted, one record for each.",
        "carbon" when Model.Summary.Value is { } summary => $"{MeterNames.Explain(summary.Quality)} Priced with {summary.Factor.Source}{(summary.Factor.Year is { } year ? $" {year}" : string.Empty)}, {summary.Factor.FactorType}. {summary.Factor.Reason}",
        _ => Model.Summary.Value is { } any ? MeterNames.Explain(any.Quality) : null,
    };
}
