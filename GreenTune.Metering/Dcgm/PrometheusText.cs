using System.Globalization;
using System.Text;

namespace GreenTune.Metering.Dcgm;

/// <summary>One sample of a Prometheus page.</summary>
/// <param name="Name">The metric.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Value">Its value; may be NaN or infinite.</param>
internal sealed record PrometheusSample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

/// <summary>
/// Reads the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/), for example
/// <c>DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-8f6d...",modelName="NVIDIA H200"} 118.512</c>. Comments, other metrics and lines that are not of
/// the form are skipped; an optional time stamp at the end is left out.
/// </summary>
internal static class PrometheusText
{
    /// <summary>The samples of some metrics.</summary>
    public static IReadOnlyList<PrometheusSample> Parse(string text, params ReadOnlySpan<string> names)
    {
        var samples = new List<PrometheusSample>();
        foreach (ReadOnlySpan<char> raw in text.AsSpan().EnumerateLines())
        {
            ReadOnlySpan<char> line = raw.Trim();
            if (line.IsEmpty || line[0] == '#')
                continue;
            int end = line.IndexOfAny('{', ' ', '\t');
            if (end <= 0)
                continue;
            string? name = null;
            foreach (string one in names)
            {
                if (line[..end].SequenceEqual(one))
                    name = one;
            }
            if (name is null)
                continue;
            var labels = new Dictionary<string, string>();
            int at = end;
            if (line[at] == '{' && (at = Labels(line, at + 1, labels)) < 0)
                continue;
            ReadOnlySpan<char> rest = line[at..].Trim();
            int space = rest.IndexOfAny(' ', '\t');
            if (Number(space < 0 ? rest : rest[..space]) is { } value)
                samples.Add(new(name, labels, value));
        }
        return samples;
    }

    private static double? Number(ReadOnlySpan<char> text) => text switch
    {
        "+Inf" or "Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null,
    };

    /// <summary>Reads label="value" pairs; the place after the closing brace, or -1 when the line is not of the form.</summary>
    private static int Labels(ReadOnlySpan<char> line, int at, Dictionary<string, string> labels)
    {
        while (true)
        {
            while (at < line.Length && line[at] is ' ' or ',')
                at++;
            if (at >= line.Length)
                return -1;
            if (line[at] == '}')
                return at + 1;
            int equals = line[at..].IndexOf('=');
            if (equals <= 0 || at + equals + 1 >= line.Length || line[at + equals + 1] != '"')
                return -1;
            string key = line.Slice(at, equals).Trim().ToString();
            at += equals + 2;
            var value = new StringBuilder();
            for (; at < line.Length && line[at] != '"'; at++)
            {
                if (line[at] == '\\' && at + 1 < line.Length)
                {
                    at++;
                    value.Append(line[at] == 'n' ? '\n' : line[at]);
                }
                else
                {
                    value.Append(line[at]);
                }
            }
            if (at >= line.Length)
                return -1;
            labels[key] = value.ToString();
            at++;
        }
    }
}
