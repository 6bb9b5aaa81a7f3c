using System.Globalization;
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

    /// <summary>A span as "90", "0.5" for help and notes.</summary>
    public static string Plain(double seconds) => seconds.ToString("0.###", CultureInfo.InvariantCulture);
}
