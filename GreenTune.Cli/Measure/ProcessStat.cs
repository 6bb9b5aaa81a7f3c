using System.Globalization;

namespace GreenTune.Cli.Measure;

/// <summary>What Linux tells of a process in /proc/PID/stat.</summary>
/// <param name="Parent">Its parent's id.</param>
/// <param name="OwnSeconds">CPU time of all its threads, in 10 ms.</param>
/// <param name="WaitedSeconds">CPU time of its ended children, and theirs, that it has waited for.</param>
/// <param name="Started">Ticks since boot when it began: with the id, it names the process for ever.</param>
internal readonly record struct ProcessStat(int Parent, double OwnSeconds, double WaitedSeconds, ulong Started)
{
    // USER_HZ, on every architecture that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>
    /// Reads "4242 (my (odd) name) S 4200 4242 4200 34816 4242 4194304 1500 0 0 0 12 3 4 1 20 0 1 0 987654 ...": state, parent and so on stand behind the
    /// last parenthesis, since a name may have some in it; fields 14 to 17 are user and system time of its own and of its waited-for children, field 22 its start.
    /// </summary>
    /// <returns>Null when the text is not of that form.</returns>
    public static ProcessStat? Parse(string text)
    {
        int name = text.LastIndexOf(')');
        if (name < 0 || name + 2 >= text.Length)
            return null;
        string[] fields = text[(name + 2)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        // Field 3, the state, is the first here.
        return fields.Length >= 20
            && int.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out int parent)
            && Number(fields[11]) is { } user && Number(fields[12]) is { } system && Number(fields[13]) is { } waitedUser && Number(fields[14]) is { } waitedSystem
            && ulong.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out ulong started)
                ? new ProcessStat(parent, (user + system) / TicksPerSecond, (waitedUser + waitedSystem) / TicksPerSecond, started)
                : null;

        static double? Number(string field) => ulong.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : null;
    }
}
