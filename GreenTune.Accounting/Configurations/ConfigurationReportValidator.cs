using GreenTune.Accounting.Records;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Configurations;

/// <summary>Checks one report of a configuration from outside.</summary>
internal static class ConfigurationReportValidator
{
    /// <summary>A profile of five load levels over 49 pairs of lengths is about 60 kB.</summary>
    public const int MostProfilePoints = 4096;

    private const int MaxText = 100;
    private const int MaxWord = 32;

    /// <summary>Why the report cannot be true; null when it may be stored.</summary>
    public static string? Problem(ConfigurationReport report, DateTimeOffset now)
    {
        var problems = new List<string>();
        void Require(bool sound, FormattableString problem)
        {
            if (!sound)
            {
                problems.Add(FormattableString.Invariant(problem));
            }
        }

        Require(Identifiers.IsConfiguration(report.Id), $"id is not {Identifiers.ConfigurationForm}.");
        Require(Identifiers.IsConfiguration(report.Model), $"model is not {Identifiers.ConfigurationForm}.");
        Require(Text(report.Device, MaxText), $"device is not 1 to {MaxText} printable characters.");
        Require(Text(report.Precision, MaxWord), $"precision is not 1 to {MaxWord} printable characters, for example int4.");
        Require(Text(report.Provider, MaxWord), $"provider is not 1 to {MaxWord} printable characters, for example cpu.");
        Require(report.Instance is null || Text(report.Instance, MaxText), $"instance is not 1 to {MaxText} printable characters.");
        Require(report.Parameters is null or > 0, $"parameters is {report.Parameters}; unknown is null.");
        Require(report.WeightBytes is null or > 0, $"weightBytes is {report.WeightBytes}; unknown is null.");
        Require(report.ContextLength is null or > 0, $"contextLength is {report.ContextLength}; unknown is null.");
        Require(report.At <= now + RecordValidator.ClockTolerance, $"at is {report.At:u}, more than 5 minutes in the future.");
        if (report.Profile is { } profile)
        {
            Require(profile.ConfigurationId == report.Id, $"profile is of {profile.ConfigurationId}, not of {report.Id}.");
            Require(profile.Loads.Sum(load => load.Curve.Count) <= MostProfilePoints, $"profile has more than {MostProfilePoints} points.");
            Require(profile.Loads.All(load => load.Coefficients.All(double.IsFinite) && load.Curve.All(point => double.IsFinite(point.Joules.Value))), $"profile has a figure that is not a finite number.");
        }

        return problems.Count == 0 ? null : string.Join(" ", problems);
    }

    private static bool Text(string? text, int most) => text is { Length: >= 1 } && text.Length <= most && !text.Any(char.IsControl);
}
