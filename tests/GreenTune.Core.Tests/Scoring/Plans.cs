using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Tests.Scoring;

/// <summary>Measurement plans with known figures.</summary>
internal static class Plans
{
    public static MeasurementPlan Of(params ConfigurationMeasurement[] configurations) => new()
    {
        Id = Guid.Parse("00000000-0000-0000-0000-000000000014"),
        StartedAt = new DateTimeOffset(2026, 11, 19, 8, 0, 0, TimeSpan.Zero),
        EndedAt = new DateTimeOffset(2026, 11, 19, 8, 5, 0, TimeSpan.Zero),
        Workload = "sentiment-public, checklist prompt",
        ScoreMethod = "accuracy",
        Repeats = 3,
        Concurrency = 1,
        OfferedRequestsPerSecond = 2,
        Reference = configurations[0].ConfigurationId,
        Device = "cpu-0",
        Meter = "cpu-estimate",
        Boundary = "package",
        Quality = EnergyQuality.Estimated,
        MethodVersion = MethodVersions.ThreeE,
        Configurations = configurations,
    };

    /// <summary>
    /// A configuration with the given means; its samples scatter by <paramref name="scatter"/> (relative) in a fixed pattern that averages out.
    /// </summary>
    public static ConfigurationMeasurement Measured(
        string id, double joulesPerToken, double tokensPerSecond, double p95, double accuracy,
        int items = 60, int scored = 300, int tokens = 40, double scatter = 0.1, Func<int, bool?>? right = null)
    {
        var loop = Enumerable.Range(0, items).Select(i =>
        {
            double factor = 1 + scatter * Math.Sin(2 * Math.PI * i / items);
            return new ClosedLoopSample(i % 3, $"item-{i:000}", new Joules(joulesPerToken * tokens * factor), 30, tokens, tokens / tokensPerSecond, right?.Invoke(i));
        });
        int correct = (int)Math.Round(accuracy * scored);
        return new ConfigurationMeasurement
        {
            ConfigurationId = id,
            ClosedLoop = [.. loop],
            // p95 of 101 values from 0 to 100 is the 96th in order, whatever the scale.
            OfferedLoadSeconds = [.. Enumerable.Range(0, 101).Select(i => p95 * i / 95.0)],
            Correct = [.. Enumerable.Range(0, scored).Select(i => i * 7919 % scored < correct)],
        };
    }

    /// <summary>The six configurations of the Compare page's drawing.</summary>
    public static MeasurementPlan Six() => Of(
        Measured("tiny-fp32", 0.0495, 340, 0.50, 0.966),
        Measured("tiny-int8", 0.0208, 820, 0.225, 0.963),
        Measured("tiny-int4", 0.0166, 1020, 0.18, 0.953),
        Measured("nano-fp32", 0.0189, 1150, 0.155, 0.923),
        Measured("nano-int8", 0.0061, 2700, 0.073, 0.909),
        Measured("nano-int4", 0.0044, 3800, 0.053, 0.887));
}
