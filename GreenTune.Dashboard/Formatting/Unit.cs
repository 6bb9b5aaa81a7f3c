namespace GreenTune.Dashboard.Formatting;

/// <summary>A unit that takes SI prefixes.</summary>
/// <param name="Symbol">Its symbol without prefix.</param>
/// <param name="LargestExponent">Largest power of ten that its prefixes go to, a multiple of 3.</param>
public sealed record Unit(string Symbol, int LargestExponent)
{
    public static Unit Joule { get; } = new("J", 12);

    public static Unit Gram { get; } = new("g", 3);

    public static Unit Watt { get; } = new("W", 9);

    /// <summary>Above a second, durations stay in seconds.</summary>
    public static Unit Second { get; } = new("s", 0);

    /// <summary>With decimal prefixes, as disks are sold.</summary>
    public static Unit Byte { get; } = new("B", 12);

    public static Unit WattHour { get; } = new("Wh", 12);
}
