using GreenTune.Accounting.Records;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Configurations;

/// <summary>Checks one report of a configuration from outside.</summary>
internal static class ConfigurationReportValidator
{
    /// <summary>Points over all load levels; Inference reports five levels at 49 pairs of lengths.</summary>
    public const int MostProfilePoints = 4096;

    private const int MaxText = 100;
    private const int MaxWord = 32;

    /// <summary>Why the report cannot be true; null when it may be stored.</summary>
    public static string? Problem(ConfigurationReport report, DateTimeOffset now)
    {
        var findings = new Findings();
        findings.Require(Identifiers.IsConfiguration(report.Id), $"id is not {Identifiers.ConfigurationForm}.");
        findings.Require(Identifiers.IsConfiguration(report.Model), $"model is not {Identifiers.ConfigurationForm}.");
        findings.Require(Identifiers.IsText(report.Device, MaxText), $"device is not 1 to {MaxText} printable characters.");
        findings.Require(Identifiers.IsText(report.Precision, MaxWord), $"precision is not 1 to {MaxWord} printable characters, for example int4.");
        findings.Require(Identifiers.IsText(report.Provider, MaxWord), $"provider is not 1 to {MaxWord} printable characters, for example cpu.");
        findings.Require(report.Instance is null || Identifiers.IsText(report.Instance, MaxText), $"instance is not 1 to {MaxText} printable characters.");
        findings.Require(report.Parameters is null or > 0, $"parameters is {report.Parameters}; unknown is null.");
        findings.Require(report.WeightBytes is null or > 0, $"weightBytes is {report.WeightBytes}; unknown is null.");
        findings.Require(report.ContextLength is null or > 0, $"contextLength is {report.ContextLength}; unknown is null.");
        findings.Require(report.At <= now + RecordValidator.ClockTolerance, $"at is {report.At:u}, more than 5 minutes in the future.");
        if (report.Profile is { } profile)
        {
            findings.Require(profile.ConfigurationId == report.Id, $"profile is of {profile.ConfigurationId}, not of {report.Id}.");
            findings.Require(profile.Loads.Sum(load => load.Curve.Count) <= MostProfilePoints, $"profile has more than {MostProfilePoints} points.");
            findings.Require(profile.Loads.All(load => load.Coefficients.All(double.IsFinite) && load.Curve.All(point => double.IsFinite(point.Joules.Value))), $"profile has a figure that is not a finite number.");
        }

        return findings.Text;
    }
}
