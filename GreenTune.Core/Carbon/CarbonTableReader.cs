using System.Globalization;
using GreenTune.Core.Units;

namespace GreenTune.Core.Carbon;

/// <summary>
/// Reads the embedded tables. Their shape:
/// <code>
/// # source: Ember yearly electricity data, ...
/// # licence: CC BY-SA 4.0
/// zone,name,grams_co2e_per_kwh,year,source
/// DEU,,342.06,,ember
/// US-CAL-CISO,California ISO,208,2025,electricity-maps
/// </code>
/// A country's name stands in countries.csv alone (alpha3,alpha2,name). No cell holds a comma.
/// </summary>
internal static class CarbonTableReader
{
    public static CarbonTable ReadEmbedded()
    {
        IEnumerable<CarbonTable.Country> countries = Lines("countries.csv").Skip(1)
            .Select(line => line.Split(',')).Select(cells => new CarbonTable.Country(cells[0], cells[1], cells[2]));
        return new CarbonTable(countries, ReadRows(Lines("electricity-maps.csv")).Concat(ReadRows(Lines("ember.csv"))));
    }

    internal static IEnumerable<CarbonTable.Row> ReadRows(IReadOnlyList<string> lines)
    {
        string Header(string key) => lines.First(line => line.StartsWith($"# {key}: ", StringComparison.Ordinal))[(key.Length + 4)..];
        var source = new CarbonTable.TableSource(Header("source"), Header("licence"));
        foreach (string line in lines.SkipWhile(line => line.StartsWith('#')).Skip(1))
        {
            string[] cells = line.Split(',');
            double grams = double.Parse(cells[2], CultureInfo.InvariantCulture);
            if (cells.Length != 5 || !(grams > 0))
            {
                throw new InvalidDataException($"The carbon table's row '{line}' has no intensity above 0; a zone without data has no row.");
            }

            int? year = cells[3].Length == 0 ? null : int.Parse(cells[3], CultureInfo.InvariantCulture);
            yield return new CarbonTable.Row(cells[0], cells[1], new GramsPerKilowattHour(grams), year, source);
        }
    }

    private static List<string> Lines(string file)
    {
        string name = $"GreenTune.Core.Carbon.{file}";
        using Stream stream = typeof(CarbonTableReader).Assembly.GetManifestResourceStream(name) ?? throw new InvalidDataException($"{name} is not embedded.");
        using var reader = new StreamReader(stream);
        var lines = new List<string>();
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0)
            {
                lines.Add(line);
            }
        }

        return lines;
    }
}
