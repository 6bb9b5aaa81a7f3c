using System.Text.Json.Serialization;

namespace GreenTune.Core.Units;

/// <summary>Carbon intensity of electricity in gCO2e per kilowatt-hour.</summary>
[JsonConverter(typeof(GramsPerKilowattHourJsonConverter))]
public readonly record struct GramsPerKilowattHour(double Value) : IComparable<GramsPerKilowattHour>
{
    public static GramsCO2e operator *(GramsPerKilowattHour intensity, Joules energy) => new(intensity.Value * energy.KilowattHours);

    public static bool operator <(GramsPerKilowattHour a, GramsPerKilowattHour b) => a.Value < b.Value;

    public static bool operator >(GramsPerKilowattHour a, GramsPerKilowattHour b) => a.Value > b.Value;

    public static bool operator <=(GramsPerKilowattHour a, GramsPerKilowattHour b) => a.Value <= b.Value;

    public static bool operator >=(GramsPerKilowattHour a, GramsPerKilowattHour b) => a.Value >= b.Value;

    public int CompareTo(GramsPerKilowattHour other) => Value.CompareTo(other.Value);

    public override string ToString() => FormattableString.Invariant($"{Value} gCO2e/kWh");
}
