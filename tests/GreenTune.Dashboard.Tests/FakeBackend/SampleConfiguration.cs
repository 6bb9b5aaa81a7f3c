namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>One configuration of the sample world; every other figure is worked out from these.</summary>
internal sealed record SampleConfiguration(string Id, string Model, string Precision, double JoulesPerToken, double TokensPerSecond, double P95Seconds, double Accuracy, long Parameters, long WeightBytes)
{
    public const string Reference = "greentune-tiny-fp32";

    public static IReadOnlyList<SampleConfiguration> All { get; } =
    [
        new("greentune-nano-fp32", "greentune-nano", "fp32", 0.0189, 1150, 0.064, 0.845, 6_800_000, 27_200_000),
        new("greentune-nano-int4", "greentune-nano", "int4", 0.0044, 3800, 0.022, 0.812, 6_800_000, 4_700_000),
        new("greentune-nano-int8", "greentune-nano", "int8", 0.0061, 2700, 0.030, 0.832, 6_800_000, 7_600_000),
        new(Reference, "greentune-tiny", "fp32", 0.0495, 340, 0.206, 0.884, 22_000_000, 88_000_000),
        new("greentune-tiny-int4", "greentune-tiny", "int4", 0.0166, 1020, 0.074, 0.872, 22_000_000, 14_100_000),
        new("greentune-tiny-int8", "greentune-tiny", "int8", 0.0208, 820, 0.092, 0.881, 22_000_000, 24_500_000),
    ];

    public static SampleConfiguration Of(string id) => All.First(c => c.Id == id);
}
