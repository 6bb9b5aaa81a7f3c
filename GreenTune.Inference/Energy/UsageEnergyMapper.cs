using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Inference.Energy;

/// <summary>Figures of the meter and predictions of the profile as the `usage.energy` block.</summary>
internal static class UsageEnergyMapper
{
    public static UsageEnergy Settled(EnergyFigures figures, int outputTokens, CarbonFactor? factor, string record)
    {
        var reasons = new Dictionary<string, string>();
        foreach ((string name, string reason) in figures.Reasons)
        {
            reasons[SnakeCase(name)] = reason;
        }

        GramsCO2e? grams = ProvisionalCarbon.Of(figures.Joules, factor);
        AddDerivedReasons(reasons, figures.Joules, grams, outputTokens);
        return new UsageEnergy
        {
            Joules = figures.Joules,
            ActiveJoules = figures.ActiveJoules,
            PrefillJoules = figures.PrefillJoules,
            DecodeJoules = figures.DecodeJoules,
            IdleJoules = figures.IdleJoules,
            JoulesPerOutputToken = PerToken(figures.Joules, outputTokens),
            CO2eGrams = grams,
            RelativeUncertainty = figures.RelativeUncertainty,
            Quality = figures.Quality,
            Components = figures.Components,
            Boundary = figures.Boundary,
            Meter = figures.Meter,
            Settled = true,
            Reasons = reasons,
            Record = record,
        };
    }

    /// <summary>The profile's prediction for what was generated, while the meter has not settled.</summary>
    public static UsageEnergy Predicted(Prediction? prediction, DeviceView device, int outputTokens, CarbonFactor? factor, string record)
    {
        const string Unsettled = "the measurement block that holds the end of the request is still open; the record will have it";
        Joules? joules = prediction?.Joules;
        var reasons = new Dictionary<string, string>
        {
            ["active_joules"] = Unsettled,
            ["prefill_joules"] = Unsettled,
            ["decode_joules"] = Unsettled,
            ["idle_joules"] = Unsettled,
            ["components.gpu"] = Unsettled,
            ["components.cpu"] = Unsettled,
            ["components.dram"] = Unsettled,
        };
        if (joules is null)
        {
            reasons["joules"] = "there is no length profile of this configuration yet";
        }

        GramsCO2e? grams = ProvisionalCarbon.Of(joules, factor);
        AddDerivedReasons(reasons, joules, grams, outputTokens);
        return new UsageEnergy
        {
            Joules = joules,
            JoulesPerOutputToken = PerToken(joules, outputTokens),
            CO2eGrams = grams,
            RelativeUncertainty = prediction is { Joules.Value: > 0 } ? prediction.Sigma / prediction.Joules : null,
            Quality = joules is null ? EnergyQuality.None : EnergyQuality.Modelled,
            Components = new ComponentJoules(),
            Boundary = device.Boundary,
            Meter = device.Meter == "none" ? null : device.Meter,
            Settled = false,
            Reasons = reasons,
            Record = record,
        };
    }

    private static double? PerToken(Joules? joules, int outputTokens) => joules is { } energy && outputTokens > 0 ? energy.Value / outputTokens : null;

    private static void AddDerivedReasons(Dictionary<string, string> reasons, Joules? joules, GramsCO2e? grams, int outputTokens)
    {
        if (grams is null)
        {
            reasons["co2e_grams"] = joules is null ? "the energy is not known" : "the carbon intensity is not known yet";
        }

        if (joules is not null && outputTokens == 0)
        {
            reasons["joules_per_output_token"] = "no token was generated";
        }
    }

    private static string SnakeCase(string name) =>
        string.Concat(name.Select(c => char.IsAsciiLetterUpper(c) ? "_" + char.ToLowerInvariant(c) : c.ToString()));
}
