using GreenTune.Core.Units;

namespace GreenTune.Core.Power;

/// <summary>Power of a device at one instant.</summary>
/// <param name="At">When it was drawn; a source whose sensor averages stamps the middle of what it averaged.</param>
/// <param name="Power">Power of the whole device.</param>
/// <param name="Other">Modelled part of it that other processes cause; 0 where they are not known.</param>
public readonly record struct PowerSample(MonotonicTime At, Watts Power, Watts Other = default);

/// <summary>A reading of a device's cumulative energy counter.</summary>
/// <param name="At">When the counter had this value.</param>
/// <param name="Energy">Energy since an arbitrary origin. A falling value is a reset.</param>
/// <param name="Other">Modelled energy of other processes since the same origin; 0 where they are not known.</param>
/// <param name="Dram">The memory's part of <see cref="Energy"/>, where the source tells it apart; 0 elsewhere.</param>
public readonly record struct EnergyReading(MonotonicTime At, Joules Energy, Joules Other = default, Joules Dram = default);
