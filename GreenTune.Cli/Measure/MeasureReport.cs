using System.Text.Json.Serialization;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Cli.Measure;

/// <summary>What a run of a command cost; what --json writes.</summary>
internal sealed record MeasureReport
{
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>For people and for the CSV's project_name.</summary>
    public required string Name { get; init; }

    public required int ExitCode { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset EndedAt { get; init; }

    public required double DurationSeconds { get; init; }

    /// <summary>CPU time of the command and its descendants; null where the system does not tell.</summary>
    public double? CpuSeconds { get; init; }

    /// <summary>Energy of all metered devices: active + idle. Null when nothing was metered.</summary>
    public Joules? Joules { get; init; }

    /// <summary>What the command caused above the devices' idle power.</summary>
    public Joules? ActiveJoules { get; init; }

    /// <summary>The devices' idle power while it ran.</summary>
    public Joules? IdleJoules { get; init; }

    /// <summary>Standard uncertainty of <see cref="Joules"/> over it, one sigma; errors of different devices are independent.</summary>
    public double? RelativeUncertainty { get; init; }

    /// <summary>Mean power: joules over the duration.</summary>
    public Watts? MeanPower { get; init; }

    /// <summary>The weakest of the devices'.</summary>
    public required EnergyQuality Quality { get; init; }

    [JsonPropertyName("co2eGrams")]
    public GramsCO2e? CO2eGrams { get; init; }

    [JsonPropertyName("activeCo2eGrams")]
    public GramsCO2e? ActiveCO2eGrams { get; init; }

    public required CarbonFactor Factor { get; init; }

    public required IReadOnlyList<MeasuredDevice> Devices { get; init; }

    /// <summary>What a reader has to know beside the figures.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    public required string RunId { get; init; }

    /// <summary>Version of the program.</summary>
    public required string Version { get; init; }

    /// <summary>Sums the devices up and prices the sum.</summary>
    public MeasureReport Summed()
    {
        MeasuredDevice[] metered = [.. Devices.Where(device => device.Energy.Joules is not null)];
        if (metered.Length == 0)
            return this;
        var joules = new Joules(metered.Sum(device => device.Energy.Joules!.Value.Value));
        var active = new Joules(metered.Sum(device => device.Energy.ActiveJoules?.Value ?? 0));
        double sigma = Math.Sqrt(metered.Sum(device => Math.Pow((device.Energy.RelativeUncertainty ?? 0) * device.Energy.Joules!.Value.Value, 2)));
        return this with
        {
            Joules = joules,
            ActiveJoules = active,
            IdleJoules = new Joules(metered.Sum(device => device.Energy.IdleJoules?.Value ?? 0)),
            RelativeUncertainty = joules.Value > 0 ? sigma / joules.Value : null,
            MeanPower = DurationSeconds > 0 ? new Watts(joules.Value / DurationSeconds) : null,
            Quality = metered.Min(device => device.Energy.Quality),
            CO2eGrams = OperationalCarbon.Of(joules, Factor),
            ActiveCO2eGrams = OperationalCarbon.Of(active, Factor),
        };
    }
}

/// <summary>One device's part.</summary>
internal sealed record MeasuredDevice
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>"cpu" or "gpu".</summary>
    public required string Kind { get; init; }

    public required string Meter { get; init; }

    /// <summary>How the meter works, or why there is none.</summary>
    public required string Explanation { get; init; }

    public BaselineView? Baseline { get; init; }

    /// <summary>The command's figures, or none with the reason.</summary>
    public required EnergyFigures Energy { get; init; }

    /// <summary>
    /// Where the device's energy went from the last reading before the command to the last one after it: active + idleShare + idle + unattributed + other = total.
    /// Idle is what lies before and after the command. Null when nothing was metered.
    /// </summary>
    public EnergyBuckets? Balance { get; init; }

    /// <summary>Seconds that the balance covers.</summary>
    public double? BalanceSeconds { get; init; }
}
