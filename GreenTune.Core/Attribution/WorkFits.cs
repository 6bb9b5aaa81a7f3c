namespace GreenTune.Core.Attribution;

/// <summary>How blocks and steps become a work model.</summary>
public sealed record WorkFitting
{
    /// <summary>Least number of blocks before fitted coefficients may be used.</summary>
    public const int LeastBlocks = 60;

    /// <summary>Blocks that teach before the fit is put to the test on the next ones.</summary>
    public const int UntestedBlocks = 20;

    /// <summary>
    /// The fit comes into use when its held-out error is below this part of time alone's, and stays until it is above all of it. Few blocks must show more:
    /// 1 - 2 / sqrt(blocks), for the ratio of two such sums scatters by about 1 / sqrt(blocks).
    /// </summary>
    /// <param name="tested">Held-out blocks.</param>
    public static double UseBelow(double tested) => Math.Min(0.95, 1 - 2 / Math.Sqrt(tested));

    /// <summary>Blocks before it is believed that the sensor averages more than it says.</summary>
    public const int WindowBlocks = 500;

    /// <summary>A wider window is believed when its held-out error is below this part of the narrow ones'.</summary>
    public const double WiderBelow = 0.8;

    /// <summary>True for a source whose blocks are exact energies between their ends (a counter), false for power samples joined by straight lines.</summary>
    public bool Integrating { get; init; }

    /// <summary>Time between samples.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>What the source says its samples average; 0 when it does not know.</summary>
    public TimeSpan AveragingWindow { get; init; }

    /// <summary>Blocks after which a block's say has fallen to 1/e.</summary>
    public double MemoryBlocks { get; init; } = 8192;

    /// <summary>The same for the held-out errors.</summary>
    public double TestMemoryBlocks { get; init; } = 2048;
}

/// <summary>One configuration's fit, kept over restarts: plain data.</summary>
/// <param name="ConfigurationId">The configuration.</param>
/// <param name="Work">The cost model whose units the sums are in: a fit for another one is worthless.</param>
/// <param name="Blocks">Blocks that taught it.</param>
/// <param name="InUse">Whether it shared out blocks.</param>
/// <param name="Regressions">One for each way the sensor may see.</param>
public sealed record WorkFitState(string ConfigurationId, WorkModel Work, long Blocks, bool InUse, IReadOnlyList<WorkRegressionState> Regressions);

/// <summary>The sums of one regression: plain data.</summary>
/// <param name="WindowSeconds">Averaging window of the sensor it assumes.</param>
/// <param name="LagSeconds">By how much the middle of what is averaged lies before the stamp.</param>
/// <param name="Gram">Three by three, row by row: FLOPs, bytes and busy seconds, per second.</param>
/// <param name="Moments">The same three against power.</param>
/// <param name="Squares">Of power.</param>
/// <param name="Mean">Of power, times weight.</param>
/// <param name="Weight">Sum of weights.</param>
/// <param name="Count">Observations left after forgetting.</param>
/// <param name="WorkError">Held-out squared error of the fit.</param>
/// <param name="TimeError">Held-out squared error of time alone.</param>
/// <param name="MeanError">Held-out squared error of the mean.</param>
/// <param name="Tested">Observations of the three errors.</param>
public sealed record WorkRegressionState(
    double WindowSeconds,
    double LagSeconds,
    IReadOnlyList<double> Gram,
    IReadOnlyList<double> Moments,
    double Squares,
    double Mean,
    double Weight,
    double Count,
    double WorkError,
    double TimeError,
    double MeanError,
    double Tested);

/// <summary>All fits of one device, kept over restarts: plain data for <see cref="Contracts.ContractJson.Options"/>.</summary>
/// <param name="Device">The device they hold for.</param>
/// <param name="Meter">The meter they were learned from.</param>
/// <param name="Fits">By configuration.</param>
public sealed record WorkFitSnapshot(string Device, string Meter, IReadOnlyList<WorkFitState> Fits);
