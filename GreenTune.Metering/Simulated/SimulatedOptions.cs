using GreenTune.Core.Power;

namespace GreenTune.Metering.Simulated;

/// <summary>Options of the simulated device, section "Metering:Simulated".</summary>
public sealed class SimulatedOptions
{
    private const string Section = "Metering:Simulated:";

    /// <summary>Power at rest, in watts.</summary>
    /// <value>100.</value>
    public double IdleWatts { get; set; } = 100;

    /// <summary>Power while this process keeps every CPU busy, in watts.</summary>
    /// <value>400.</value>
    public double BusyWatts { get; set; } = 400;

    /// <summary>A file of lines "seconds,watts" that the device follows again and again instead of this process's CPU use; see <see cref="SimulatedCurve.Parse"/>.</summary>
    public string? CurveFile { get; set; }

    /// <summary>What its sensor gives: "samples", "counter" or "both".</summary>
    /// <value>"samples".</value>
    public string Readings { get; set; } = "samples";

    /// <summary>Time between its samples, in milliseconds, 1 to 10000.</summary>
    /// <value>20.</value>
    public double PeriodMilliseconds { get; set; } = 20;

    /// <summary>What a sample averages, in milliseconds, 0 to 10000.</summary>
    /// <value>20.</value>
    public double AveragingMilliseconds { get; set; } = 20;

    /// <summary>Time between changes of its counter, in milliseconds, 1 to 10000.</summary>
    /// <value>100.</value>
    public double CounterMilliseconds { get; set; } = 100;

    /// <summary>Noise of a sample, 1 sigma, in watts.</summary>
    /// <value>0.</value>
    public double NoiseWatts { get; set; }

    /// <summary>What it reads too much, as a part: 0.05 is 5 % too much. From -0.5 to 0.5.</summary>
    /// <value>0.</value>
    public double GainError { get; set; }

    /// <summary>Part of the samples that is lost, 0 to 0.9.</summary>
    /// <value>0.</value>
    public double DropProbability { get; set; }

    internal SimulatedSensor Sensor => new()
    {
        Kinds = Readings.ToLowerInvariant() switch
        {
            "counter" => ReadingKinds.Counter,
            "both" => ReadingKinds.SamplesAndCounter,
            _ => ReadingKinds.Samples,
        },
        Period = PeriodMilliseconds / 1000,
        AveragingWindow = AveragingMilliseconds / 1000,
        CounterPeriod = CounterMilliseconds / 1000,
        Noise = NoiseWatts,
        Gain = 1 + GainError,
        DropProbability = DropProbability,
    };

    internal void Validate(List<string> wrong)
    {
        if (!(IdleWatts >= 0 && BusyWatts >= IdleWatts && BusyWatts <= 1e5))
            wrong.Add(FormattableString.Invariant($"Metering:Simulated has IdleWatts {IdleWatts} and BusyWatts {BusyWatts}, but needs 0 <= IdleWatts <= BusyWatts, for example {Section}IdleWatts=100 and {Section}BusyWatts=400."));
        if (Readings.ToLowerInvariant() is not ("samples" or "counter" or "both"))
            wrong.Add($"{Section}Readings is \"{Readings}\", but must be one of samples, counter, both, for example {Section}Readings=both.");
        Range(PeriodMilliseconds, 1, 10_000, nameof(PeriodMilliseconds), "20");
        Range(AveragingMilliseconds, 0, 10_000, nameof(AveragingMilliseconds), "25");
        Range(CounterMilliseconds, 1, 10_000, nameof(CounterMilliseconds), "100");
        Range(NoiseWatts, 0, 1e4, nameof(NoiseWatts), "2");
        Range(GainError, -0.5, 0.5, nameof(GainError), "0.05");
        Range(DropProbability, 0, 0.9, nameof(DropProbability), "0.1");

        void Range(double value, double least, double most, string name, string example)
        {
            if (!(value >= least && value <= most))
                wrong.Add(FormattableString.Invariant($"{Section}{name} is {value}, but must be from {least} to {most}, for example {Section}{name}={example}."));
        }
    }
}
