using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Cli.Services;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Cli.Requests;

/// <summary>greentune requests show.</summary>
internal static class RequestShow
{
    public static async Task<int> RunAsync(CliConsole console, Uri address, string id, bool json, CancellationToken cancellation)
    {
        using var service = new ServiceClient("Accounting", address);
        RecordView view = await service.GetAsync<RecordView>($"api/records/{Uri.EscapeDataString(id)}", cancellation);
        if (json)
            console.Json(view);
        else
            console.Fields([.. Request(view.Record), .. Energy(view.Record), .. Carbon(view)]);
        return ExitCodes.Ok;
    }

    private static IEnumerable<(string, string)> Request(RequestRecord record)
    {
        yield return ("Id", record.Id);
        yield return ("Started", Figures.Time(record.StartedAt));
        yield return ("Tenant", record.Tenant);
        if (record.Session is { } session)
            yield return ("Session", session);
        yield return ("Asked for", record.RequestedModel);
        yield return ("Answered by", record.DegradedFrom is { } wanted ? $"{record.ConfigurationId}, a budget's choice in place of {wanted}" : record.ConfigurationId);
        yield return ("Outcome", $"{Figures.Word(record.Outcome)} ({record.FinishReason})");
        string cached = record.CachedInputTokens is { } tokens ? $" ({Figures.Count(tokens)} of them cached)" : "";
        string output = record.Energy.Reasons.TryGetValue("outputTokens", out string? why) ? "output " + Figures.Unknown(why) : $"{Figures.Count(record.OutputTokens)} out";
        yield return ("Tokens", $"{Figures.Count(record.InputTokens)} in{cached}, {output}");
        yield return ("Duration", $"{Figures.Seconds(record.DurationSeconds)}, {Figures.Seconds(record.QueueSeconds)} of it waiting");
        yield return ("First token", record.TimeToFirstTokenSeconds is { } first ? $"after {Figures.Seconds(first)}" : Figures.Unknown("there was none"));
    }

    private static IEnumerable<(string, string)> Energy(RequestRecord record)
    {
        EnergyFigures energy = record.Energy;
        string Of(Joules? joules, string name) => Figures.Energy(joules, Figures.Reason(energy.Reasons, name));

        string spread = energy is { Joules: not null, RelativeUncertainty: { } sigma } ? $" ± {Figures.Percent(sigma)} at 1 sigma" : "";
        yield return ("Energy", Of(energy.Joules, "joules") + spread);
        yield return ("  active", Of(energy.ActiveJoules, "activeJoules"));
        yield return ("  prefill", Of(energy.PrefillJoules, "prefillJoules"));
        yield return ("  decode", Of(energy.DecodeJoules, "decodeJoules"));
        yield return ("  idle share", Of(energy.IdleJoules, "idleJoules"));
        if (energy.Joules is { } joules && record.OutputTokens > 0)
            yield return ("  per output token", Figures.Energy(joules / record.OutputTokens));
        yield return ("Parts", $"GPU {Of(energy.Components.Gpu, "components.gpu")}, CPU {Of(energy.Components.Cpu, "components.cpu")}, DRAM {Of(energy.Components.Dram, "components.dram")}");
        yield return ("Quality", $"{Figures.Provenance(energy.Quality, energy.Meter, energy.Boundary, energy.Settled)}; phases {Figures.Word(energy.PhaseQuality)}; method {energy.MethodVersion}");
        yield return ("Idle power", record.BaselineWatts is { } baseline ? Figures.Power(baseline.Value) : Figures.Unknown("the record has no baseline"));
    }

    private static IEnumerable<(string, string)> Carbon(RecordView view)
    {
        CarbonFactor factor = view.Factor;
        yield return ("CO2e", Figures.Carbon(view.CO2e, Figures.Reason(view.Record.Energy.Reasons, "joules")));
        string year = factor.Year is { } known ? known.ToString(System.Globalization.CultureInfo.InvariantCulture) : "year " + Figures.Unknown("the source does not say");
        yield return ("  intensity", $"{Figures.Number(factor.Intensity.Value)} g{factor.GasBasis}/kWh, {factor.ZoneName}, {Figures.Word(factor.Signal)}, {factor.FactorType}, {factor.Source}, {year}");
        if (factor.Estimated)
            yield return ("  estimated", factor.Reason ?? "the zone is not known");
        yield return ("  PUE", Figures.Number(factor.Pue) + (factor.PueAssumed ? " (assumed, the site states none)" : ""));
        if (view.Record.TraceId is { } trace)
            yield return ("Trace", trace);
    }
}
