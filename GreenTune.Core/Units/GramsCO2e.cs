using System.Text.Json.Serialization;

namespace GreenTune.Core.Units;

/// <summary>Greenhouse gas in grams of CO2 equivalent.</summary>
[JsonConverter(typeof(GramsCO2eJsonConverter))]
public readonly record struct GramsCO2e(double Value) : IComparable<GramsCO2e>
{
    public static GramsCO2e Zero => default;

    public static GramsCO2e operator +(GramsCO2e a, GramsCO2e b) => new(a.Value + b.Value);

    public static GramsCO2e operator -(GramsCO2e a, GramsCO2e b) => new(a.Value - b.Value);

    public static GramsCO2e operator *(GramsCO2e a, double factor) => new(a.Value * factor);

    public static GramsCO2e operator /(GramsCO2e a, double divisor) => new(a.Value / divisor);

    public static double operator /(GramsCO2e a, GramsCO2e b) => a.Value / b.Value;

    public static bool operator <(GramsCO2e a, GramsCO2e b) => a.Value < b.Value;

    public static bool operator >(GramsCO2e a, GramsCO2e b) => a.Value > b.Value;

    public static bool operator <=(GramsCO2e a, GramsCO2e b) => a.Value <= b.Value;

    public static bool operator >=(GramsCO2e a, GramsCO2e b) => a.Value >= b.Value;

    public int CompareTo(GramsCO2e other) => Value.CompareTo(other.Value);

    public override string ToString() => FormattableString.Invariant($"{Value} gCO2e");
}
