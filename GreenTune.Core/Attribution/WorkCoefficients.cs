namespace GreenTune.Core.Attribution;

/// <summary>
/// What a configuration's work costs: the expected active energy of a step is e = k_f FLOPs + k_b bytes + k_t time (design section 4.3).
/// Only the ratios matter for sharing a block out.
/// </summary>
/// <param name="JoulesPerFlop">k_f, not negative.</param>
/// <param name="JoulesPerByte">k_b, not negative.</param>
/// <param name="JoulesPerSecond">k_t, not negative.</param>
public readonly record struct WorkCoefficients(double JoulesPerFlop, double JoulesPerByte, double JoulesPerSecond)
{
    /// <summary>Expected energy of one row's own work.</summary>
    public double RowEnergy(WorkModel work, in StepRow row, int rows) => JoulesPerFlop * work.Flops(row) + JoulesPerByte * work.Bytes(row, rows);
}
