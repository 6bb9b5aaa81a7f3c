using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Cli.Tests.Support;

/// <summary>Records as Accounting would give them.</summary>
internal static class Samples
{
    public static DateTimeOffset Start { get; } = new(2026, 11, 19, 8, 0, 0, TimeSpan.Zero);

    public static CarbonFactor Factor { get; } = new()
    {
        Intensity = new GramsPerKilowattHour(480),
        Pue = 1.2,
        PueAssumed = true,
        Zone = "WORLD",
        ZoneName = "World average",
        Source = "Ember",
        Licence = "CC-BY-4.0",
        Year = 2024,
        FactorType = "life-cycle",
        GasBasis = "CO2e",
        Estimated = true,
        Reason = "No zone is configured.",
        MethodVersion = "carbon-1",
    };

    public static RecordView Record(int number = 1, string tenant = "default") => new()
    {
        Record = new RequestRecord
        {
            Id = $"chatcmpl-{number:D8}",
            StartedAt = Start.AddSeconds(-number),
            EndedAt = Start.AddSeconds(-number + 1.5),
            Tenant = tenant,
            RequestedModel = "auto",
            ConfigurationId = "greentune-tiny-int4",
            Outcome = RequestOutcome.Completed,
            FinishReason = "stop",
            InputTokens = 12,
            OutputTokens = 40,
            QueueSeconds = 0.001,
            TimeToFirstTokenSeconds = 0.02,
            DurationSeconds = 1.5,
            BaselineWatts = new Watts(11),
            Energy = new EnergyFigures
            {
                Joules = new Joules(1.834),
                ActiveJoules = new Joules(1.2),
                PrefillJoules = new Joules(0.2),
                DecodeJoules = new Joules(1.0),
                IdleJoules = new Joules(0.634),
                RelativeUncertainty = 0.21,
                Quality = EnergyQuality.Estimated,
                PhaseQuality = EnergyQuality.Estimated,
                Components = new ComponentJoules { Cpu = new Joules(1.834) },
                Boundary = "package",
                Meter = "cpu-estimate",
                Device = "cpu-0",
                Settled = true,
                MethodVersion = "attribution-1",
                Reasons = new Dictionary<string, string> { ["components.gpu"] = "no GPU is metered", ["components.dram"] = "the meter does not separate it" },
            },
        },
        CO2e = new GramsCO2e(0.0002934),
        Factor = Factor,
        ReceivedAt = Start.AddSeconds(5),
    };

    /// <summary>A record whose energy nobody metered.</summary>
    public static RecordView Unmetered(int number = 1)
    {
        RecordView view = Record(number);
        return view with { CO2e = null, Record = view.Record with { Energy = EnergyFigures.None("no meter covers this device", "attribution-1"), BaselineWatts = null } };
    }
}
