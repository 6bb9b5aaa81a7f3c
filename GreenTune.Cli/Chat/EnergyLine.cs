using GreenTune.Cli.Output;

namespace GreenTune.Cli.Chat;

/// <summary>usage.energy in one line.</summary>
internal static class EnergyLine
{
    /// <summary>
    /// For example "energy: 1.83 J ± 21 % at 1 sigma (estimated, meter cpu-estimate, boundary package), 0.242 mgCO2e, 45.7 mJ/token, 12 tokens in, 40 out, by
    /// greentune-tiny-int4".
    /// </summary>
    public static string Of(ChatUsage? usage, string? model)
    {
        string by = model is null ? "" : $", by {model}";
        if (usage is null)
            return $"energy: {Figures.Unknown("the answer came without usage")}{by}";
        string tokens = $"{Figures.Count(usage.PromptTokens)} tokens in, {Figures.Count(usage.CompletionTokens)} out";
        if (usage.Energy is not { } energy)
            return $"energy: {Figures.Unknown("the service measures none")}, {tokens}{by}";
        string spread = energy is { Joules: not null, RelativeUncertainty: { } sigma } ? $" ± {Figures.Percent(sigma)} at 1 sigma" : "";
        string provenance = energy.Joules is null ? "" : $" ({Figures.Provenance(energy.Quality, energy.Meter, energy.Boundary, energy.Settled)})";
        string perToken = energy.JoulesPerOutputToken is { } each ? $", {Figures.Energy(new Core.Units.Joules(each))}/token" : "";
        return $"energy: {Figures.Energy(energy.Joules, Figures.Reason(energy.Reasons, "joules"))}{spread}{provenance}, "
            + $"{Figures.Carbon(energy.CO2eGrams, energy.Reasons.GetValueOrDefault("co2e_grams") ?? Figures.Reason(energy.Reasons, "joules"))}{perToken}, {tokens}{by}";
    }
}
