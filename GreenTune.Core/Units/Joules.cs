using System.Text.Json.Serialization;

namespace GreenTune.Core.Units;

/// <summary>Energy in joules. Signed: active energy may be slightly negative (design section 4.2).</summary>
[JsonConverter(typeof(JoulesJsonConverter))]
public readonly record struct Joules(double Value) : IComparable<Joules>
{
    /// <summary>Joules in one kilowatt-hour.</summary>
    public const double PerKilowattHour = 3.6e6;

    public static Joules Zero => default;

    public double KilowattHours => Value / PerKilowattHour;

    public static Joules FromKilowattHours(double kilowattHours) => new(kilowattHours * PerKilowattHour);

    public static Joules operator +(Joules a, Joules b) => new(a.Value + b.Value);

    public static Joules operator -(Joules a, Joules b) => new(a.Value - b.Value);

    public static Joules operator -(Joules a) => new(-a.Value);

    public static Joules operator *(Joules a, double factor) => new(a.Value * factor);

    public static Joules operator *(double factor, Joules a) => new(a.Value * factor);

    public static Joules operator /(Joules a, double divisor) => new(a.Value / divisor);

    public static double operator /(Joules a, Joules b) => a.Value / b.Value;

    public static Watts operator /(Joules a, TimeSpan time) => new(a.Value / time.TotalSeconds);

    public static bool operator <(Joules a, Joules b) => a.Value < b.Value;

    public static bool operator >(Joules a, Joules b) => a.Value > b.Value;

    public static bool operator <=(Joules a, Joules b) => a.Value <= b.Value;

    public static bool operator >=(Joules a, Joules b) => a.Value >= b.Value;

    public int CompareTo(Joules other) => Value.CompareTo(other.Value);

    public override string ToString() => FormattableString.Invariant($"{Value} J");
}
