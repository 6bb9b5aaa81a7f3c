using System.Text.Json.Serialization;

namespace GreenTune.Core.Units;

/// <summary>Power in watts.</summary>
[JsonConverter(typeof(WattsJsonConverter))]
public readonly record struct Watts(double Value) : IComparable<Watts>
{
    public static Watts Zero => default;

    public static Watts operator +(Watts a, Watts b) => new(a.Value + b.Value);

    public static Watts operator -(Watts a, Watts b) => new(a.Value - b.Value);

    public static Watts operator *(Watts a, double factor) => new(a.Value * factor);

    public static Watts operator *(double factor, Watts a) => new(a.Value * factor);

    public static Watts operator /(Watts a, double divisor) => new(a.Value / divisor);

    public static Joules operator *(Watts power, TimeSpan time) => new(power.Value * time.TotalSeconds);

    public static bool operator <(Watts a, Watts b) => a.Value < b.Value;

    public static bool operator >(Watts a, Watts b) => a.Value > b.Value;

    public static bool operator <=(Watts a, Watts b) => a.Value <= b.Value;

    public static bool operator >=(Watts a, Watts b) => a.Value >= b.Value;

    public int CompareTo(Watts other) => Value.CompareTo(other.Value);

    public override string ToString() => FormattableString.Invariant($"{Value} W");
}
