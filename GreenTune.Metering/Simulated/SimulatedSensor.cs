using GreenTune.Core.Power;

namespace GreenTune.Metering.Simulated;

/// <summary>What a simulated sensor makes of the true power. All faults are drawn from the seed.</summary>
public sealed record SimulatedSensor
{
    public int Seed { get; init; } = 1;

    public ReadingKinds Kinds { get; init; } = ReadingKinds.Samples;

    /// <summary>Seconds between its samples.</summary>
    public double Period { get; init; } = 0.02;

    /// <summary>A sample is the mean over this many seconds before its tick.</summary>
    public double AveragingWindow { get; init; }

    /// <summary>Stamps the middle of the averaging window, as a source does that knows it; otherwise the tick.</summary>
    public bool StampsMiddle { get; init; } = true;

    /// <summary>Factor on everything it reads.</summary>
    public double Gain { get; init; } = 1;

    /// <summary>Noise of one sample, 1 sigma, in watts.</summary>
    public double Noise { get; init; }

    /// <summary>Standard deviation of a tick's time, in seconds.</summary>
    public double Jitter { get; init; }

    /// <summary>Standard deviation, in seconds, by which a sample's stamp differs from its true time; at most 3 of them, and stamps stay in order.</summary>
    public double StampJitter { get; init; }

    /// <summary>Probability that a sample is lost.</summary>
    public double DropProbability { get; init; }

    /// <summary>Seconds between updates of the counter.</summary>
    public double CounterPeriod { get; init; } = 0.1;

    /// <summary>Smallest step of the counter, in joules.</summary>
    public double CounterQuantum { get; init; } = 0.001;

    /// <summary>Times at which the counter starts from 0 again, in seconds.</summary>
    public IReadOnlyList<double> CounterResets { get; init; } = [];

    /// <summary>Spans without any new value, in seconds.</summary>
    public IReadOnlyList<(double From, double To)> Stalls { get; init; } = [];

    /// <summary>From when on the device is gone, in seconds.</summary>
    public double LostAt { get; init; } = double.PositiveInfinity;
}
