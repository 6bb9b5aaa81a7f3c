using GreenTune.Cli.Output;
using GreenTune.Core.Contracts;
using GreenTune.Metering.Sources;

namespace GreenTune.Cli.Meter;

/// <summary>Words that the commands of metering share.</summary>
internal static class MeteringWords
{
    public static bool IsMetered(this IPowerSource source) => source.Description.Quality != EnergyQuality.None;

    public static string Kind(this PowerSourceDescription description) => description.Component.ToString().ToUpperInvariant();

    public static string Baseline(BaselineView? baseline) => baseline switch
    {
        null => Figures.Unknown("nothing is metered"),
        { Assumed: true } => $"{Figures.Power(baseline.Mean.Value)} ± {Figures.Power(baseline.Sigma.Value)}, assumed",
        _ => $"{Figures.Power(baseline.Mean.Value)} ± {Figures.Power(baseline.Sigma.Value)}, measured over {Figures.Seconds(baseline.OverSeconds)}",
    };

    /// <summary>Why there is no meter, without saying again that there is none.</summary>
    public static string Reason(string explanation)
    {
        const string Prefix = "No energy is metered: ";
        return explanation.StartsWith(Prefix, StringComparison.Ordinal) ? explanation[Prefix.Length..] : explanation;
    }
}
