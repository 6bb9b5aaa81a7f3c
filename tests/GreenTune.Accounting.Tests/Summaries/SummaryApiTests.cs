using System.Net;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;
using GreenTune.Core.Totals;

namespace GreenTune.Accounting.Tests.Summaries;

public sealed class SummaryApiTests
{
    private const double GramsPerJoule = 1.2 * 342 / 3.6e6;

    [Theory]
    [OnEveryStore]
    public async Task An_empty_span_has_nulls_and_not_noughts(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        Summary summary = await host.GetAsync<Summary>("/api/summary");
        Assert.Equal(0, summary.Requests);
        Assert.Null(summary.Joules);
        Assert.Null(summary.CO2eGrams);
        Assert.Null(summary.JoulesPerOutputToken);
        Assert.Null(summary.DurationP95Seconds);
        Assert.Null(summary.PreviousJoules);
        Assert.Null(summary.Devices);
        Assert.Null(summary.Saving);
        Assert.Empty(summary.Configurations);
        Assert.Equal(EnergyQuality.None, summary.Quality);
        Assert.Equal("DEU", summary.Factor.Zone);
        Assert.Equal(new DateTimeOffset(2026, 11, 19, 0, 0, 0, TimeSpan.FromHours(1)), summary.From);
        Assert.Equal(AccountingHost.Noon, summary.To);
    }

    [Theory]
    [OnEveryStore]
    public async Task Sums_carry_their_uncertainty_linearly_within_a_device_and_in_quadrature_over_devices(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        RequestRecord[] records =
        [
            Samples.Record("chatcmpl-0001") with { Energy = Samples.Energy(10, sensitivity: -0.3) },
            Samples.Record("chatcmpl-0002") with { Energy = Samples.Energy(20, sensitivity: +0.5) },
            Samples.Record("chatcmpl-0003", configuration: "greentune-nano-int8") with { Energy = Samples.Energy(5, device: "gpu-1", quality: EnergyQuality.Measured) },
            Samples.Record("chatcmpl-0004") with { Energy = Samples.Energy(7) with { Uncertainty = null, RelativeUncertainty = 0.3 } },
            Samples.Record("chatcmpl-0005", joules: null),
        ];
        await host.StoreAsync(records);
        Summary summary = await host.GetAsync<Summary>("/api/summary?period=today");

        UncertainSum[] devices = [.. records.Where(record => record.Energy.Joules is not null)
            .GroupBy(record => record.Energy.Device).Select(group => group.Select(record => UncertainSum.OfJoules(record.Energy)!.Value).Aggregate((a, b) => a + b))];
        Close(UncertainSum.Total(devices), summary.Joules!);
        Close(UncertainSum.Total(devices.Select(device => device * GramsPerJoule)), summary.CO2eGrams!);
        Assert.Equal(42, summary.Joules!.Value, 9);
        Assert.Equal(42.0 / 240, summary.JoulesPerOutputToken!.Value, 9);
        Assert.Equal((5, 1, 300), (summary.Requests, summary.Unmetered, summary.OutputTokens));
        Assert.Equal(EnergyQuality.Estimated, summary.Quality);
        Assert.Equal(["greentune-tiny-int4", "greentune-nano-int8"], summary.Configurations.Select(configuration => configuration.ConfigurationId));
        Assert.Equal(37, summary.Configurations[0].Joules!.Value, 9);
        Assert.Equal(37.0 / 180, summary.Configurations[0].JoulesPerOutputToken!.Value, 9);
        Assert.Equal(EnergyQuality.Measured, summary.Configurations[1].Quality);
    }

    [Theory]
    [OnEveryStore]
    public async Task Today_begins_at_local_midnight_and_is_compared_with_yesterday_until_the_same_hour(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        // Berlin is an hour ahead: its 19th begins at 23:00 UTC on the 18th.
        DateTimeOffset midnight = new(2026, 11, 18, 23, 0, 0, TimeSpan.Zero);
        await host.StoreAsync(
            Samples.Record("chatcmpl-today1", 1, startedAt: midnight),
            Samples.Record("chatcmpl-today2", 2, startedAt: AccountingHost.Noon.AddSeconds(-1)),
            Samples.Record("chatcmpl-yester", 4, startedAt: midnight.AddTicks(-1)),
            Samples.Record("chatcmpl-yestr2", 8, startedAt: AccountingHost.Noon.AddDays(-1).AddSeconds(-1)),
            Samples.Record("chatcmpl-yestr3", 16, startedAt: AccountingHost.Noon.AddDays(-1).AddSeconds(1)),
            Samples.Record("chatcmpl-week01", 32, startedAt: AccountingHost.Noon.AddDays(-6)),
            Samples.Record("chatcmpl-week02", 64, startedAt: AccountingHost.Noon.AddDays(-8)));
        Summary today = await host.GetAsync<Summary>("/api/summary");
        Assert.Equal(3, today.Joules!.Value, 9);
        Assert.Equal(8, today.PreviousJoules!.Value.Value, 9);
        Summary week = await host.GetAsync<Summary>("/api/summary?period=7d");
        Assert.Equal(63, week.Joules!.Value, 9);
        Assert.Equal(64, week.PreviousJoules!.Value.Value, 9);
        Assert.Equal(127, (await host.GetAsync<Summary>("/api/summary?period=30d")).Joules!.Value, 9);
        Summary span = await host.GetAsync<Summary>("/api/summary?from=2026-11-18T12:00:00Z&to=2026-11-19T00:00:00Z");
        Assert.Equal(5, span.Joules!.Value, 9);
        Assert.Equal(16 + 8, span.PreviousJoules!.Value.Value, 9);
    }

    [Theory]
    [OnEveryStore]
    public async Task Outcomes_tenants_latency_and_refusals_are_counted(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        RequestRecord[] completed = [.. Enumerable.Range(1, 100).Select(i => Samples.Record($"chatcmpl-{i:0000}", seconds: i / 100.0))];
        await host.StoreAsync([.. completed,
            Samples.Record("chatcmpl-gone") with { Outcome = RequestOutcome.Cancelled, DurationSeconds = 50 },
            Samples.Record("chatcmpl-fail", tenant: "playground") with { Outcome = RequestOutcome.Failed, DurationSeconds = 60 }]);
        await host.SendAsync<BudgetStatus>(HttpMethod.Post, "/api/budgets", Samples.Budget(limit: 1e-9, tenant: "playground"), HttpStatusCode.Created);
        await host.SendAsync<ReservationDecision>(HttpMethod.Post, "/api/budgets/reservations", Samples.Reservation("chatcmpl-blocked", 1000, "playground"));

        host.Clock.Advance(TimeSpan.FromSeconds(1));
        Summary all = await host.GetAsync<Summary>("/api/summary");
        Assert.Equal((102, 1, 1, 1), (all.Requests, all.Cancelled, all.Failed, all.Refused));
        // Nearest rank: the 95th of 100, to one per cent.
        Assert.Equal(0.95, all.DurationP95Seconds!.Value, 0.95 * LogHistogram.RelativeError);
        Summary support = await host.GetAsync<Summary>("/api/summary?tenant=team-support");
        Assert.Equal((101, 1, 0, 0), (support.Requests, support.Cancelled, support.Failed, support.Refused));
    }

    [Theory]
    [OnEveryStore]
    public async Task Saving_is_against_the_reference_of_the_latest_plan(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await host.SendAsync<PlanSummary>(HttpMethod.Post, "/api/plans", Samples.Plan(), HttpStatusCode.Created);
        await host.StoreAsync(Samples.Record("chatcmpl-0001", 30), Samples.Record("chatcmpl-0002", 5, configuration: "somewhere-else"));
        Saving saving = (await host.GetAsync<Summary>("/api/summary")).Saving!;
        // The reference uses twice the joules per token: 60 J instead of 30.
        Assert.Equal(0.5, saving.Fraction.Value, 9);
        Assert.Equal(30, saving.Joules.Value, 9);
        Assert.Equal("greentune-tiny-fp32", saving.ReferenceConfigurationId);
        Assert.Equal(1, saving.PlanNumber);
    }

    private static void Close(Interval expected, Interval actual)
    {
        Assert.Equal(expected.Value, actual.Value, 1e-12 * Math.Abs(expected.Value));
        Assert.Equal(expected.Low, actual.Low, 1e-9 * Math.Abs(expected.Value));
        Assert.Equal(expected.High, actual.High, 1e-9 * Math.Abs(expected.Value));
    }
}
