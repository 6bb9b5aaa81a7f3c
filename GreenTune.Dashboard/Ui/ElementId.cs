using System.Globalization;

namespace GreenTune.Dashboard.Ui;

/// <summary>Ids that tie elements together (label and field, button and what it opens), unique in the process.</summary>
internal static class ElementId
{
    private static int _last;

    public static string Next(string prefix) => prefix + "-" + Interlocked.Increment(ref _last).ToString(CultureInfo.InvariantCulture);
}
