using System.Globalization;
using System.Text.Json;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Accounting.Carbon.Sources;

/// <summary>
/// Intensities of one zone in a file of one's own. As CSV:
/// <code>
/// # signal: average
/// # zone: DE
/// # source: our grid operator's hourly figures
/// # licence: internal
/// # factor-type: life-cycle
/// # gas-basis: CO2e
/// from,to,grams_per_kwh,estimated
/// 2026-11-19T00:00:00Z,2026-11-19T01:00:00Z,312.5,false
/// </code>
/// As JSON the same names in camelCase, the rows as "values": [{"from","to","gramsPerKwh","estimated"}]. `estimated` may be left out. Rows may come in any
/// order; a row twice is taken once, and two that contradict or overlap each other are an error, for nobody could say which holds.
/// </summary>
internal static class IntensityFile
{
    private const int MaxText = 200;
    private const int MaxBytes = 64 * 1024 * 1024;
    private static readonly string[] Required = ["signal", "zone", "source", "licence", "factor-type", "gas-basis"];

    private sealed record Row(int Place, DateTimeOffset From, DateTimeOffset To, double Grams, bool Estimated);

    /// <summary>Reads and checks a file.</summary>
    /// <exception cref="FormatException">Something in it cannot be; the message says where.</exception>
    public static IReadOnlyList<IntensityReading<TSignal>> Read<TSignal>(string path, DateTimeOffset fetchedAt)
        where TSignal : IIntensitySignal
    {
        if (new FileInfo(path).Length > MaxBytes)
        {
            throw new FormatException($"{path} is larger than {MaxBytes / 1024 / 1024} MB.");
        }

        string text = File.ReadAllText(path);
        (Dictionary<string, string> head, List<Row> rows) = path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? Json(text) : Csv(text);
        if (Required.FirstOrDefault(key => !head.ContainsKey(key)) is { } missing)
        {
            throw new FormatException($"{Path.GetFileName(path)} does not say its {missing}; in a CSV by a line such as '# {missing}: {Example(missing)}', in JSON by \"{Camel(missing)}\".");
        }

        if (head.FirstOrDefault(entry => entry.Value.Length is 0 or > MaxText) is { Key: not null } wrong)
        {
            throw new FormatException(Invariant($"{Path.GetFileName(path)}: {wrong.Key} is 1 to {MaxText} characters."));
        }

        string signal = TSignal.Kind == CarbonSignal.Average ? "average" : "marginal";
        if (head["signal"] != signal)
        {
            throw new FormatException($"{Path.GetFileName(path)} is of the signal '{head["signal"]}', {signal} is expected here; the two never mix.");
        }

        OneOf(head, "factor-type", FactorTypes.LifeCycle, FactorTypes.Direct);
        OneOf(head, "gas-basis", "CO2e", "CO2");
        Check<TSignal>(rows, head["factor-type"], path);
        return [.. rows.DistinctBy(row => row.From).OrderBy(row => row.From).Select(row => new IntensityReading<TSignal>
        {
            Zone = head["zone"],
            From = row.From,
            To = row.To,
            Intensity = new GramsPerKilowattHour(row.Grams),
            Source = head["source"],
            Licence = head["licence"],
            FactorType = head["factor-type"],
            GasBasis = head["gas-basis"],
            IsEstimated = row.Estimated,
            FetchedAt = fetchedAt,
        })];
    }

    private static void Check<TSignal>(List<Row> rows, string factorType, string path)
        where TSignal : IIntensitySignal
    {
        if (rows.Count == 0)
        {
            throw new FormatException($"{Path.GetFileName(path)} has no values.");
        }

        Row? last = null;
        foreach (Row row in rows.OrderBy(row => row.From))
        {
            if (IntensityRange.Problem<TSignal>(row.Grams, factorType) is { } problem)
            {
                throw new FormatException($"{Place(path, row)}: {problem}");
            }

            if (row.To <= row.From || row.To - row.From > TimeSpan.FromDays(366))
            {
                throw new FormatException($"{Place(path, row)}: 'to' has to be after 'from', by a year at most.");
            }

            if (last is not null && row.From < last.To && (row.From, row.To, row.Grams) != (last.From, last.To, last.Grams))
            {
                throw new FormatException($"{Place(path, row)} overlaps {Place(path, last)}, and they differ.");
            }

            last = row;
        }
    }

    private static (Dictionary<string, string> Head, List<Row> Rows) Csv(string text)
    {
        var head = new Dictionary<string, string>(StringComparer.Ordinal);
        var rows = new List<Row>();
        string[]? columns = null;
        int number = 0;
        foreach (string raw in text.Split('\n'))
        {
            number++;
            string line = raw.Trim().TrimStart('\uFEFF');
            if (line.Length == 0)
            {
                continue;
            }

            if (line[0] == '#')
            {
                int colon = line.IndexOf(':', StringComparison.Ordinal);
                if (colon > 0)
                {
                    head[line[1..colon].Trim()] = line[(colon + 1)..].Trim();
                }

                continue;
            }

            string[] cells = [.. line.Split(',').Select(cell => cell.Trim())];
            if (columns is null)
            {
                columns = cells;
                if (!columns.Contains("from") || !columns.Contains("to") || !columns.Contains("grams_per_kwh"))
                {
                    throw new FormatException(Invariant($"Line {number}: the columns are from, to, grams_per_kwh and, if known, estimated."));
                }

                continue;
            }

            string Cell(string name) => Array.IndexOf(columns, name) is var i and >= 0 && i < cells.Length ? cells[i] : "";
            rows.Add(Parse(number, Cell("from"), Cell("to"), double.TryParse(Cell("grams_per_kwh"), NumberStyles.Float, CultureInfo.InvariantCulture, out double grams) ? grams : null, Cell("estimated") == "true", "Line"));
        }

        return (head, rows);
    }

    private static (Dictionary<string, string> Head, List<Row> Rows) Json(string text)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(text, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        }
        catch (JsonException e)
        {
            throw new FormatException($"The file is no JSON: {e.Message}", e);
        }

        using (document)
        {
            JsonElement root = document.RootElement;
            var head = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (string key in Required)
            {
                if (root.Text(Camel(key)) is { } value)
                {
                    head[key] = value;
                }
            }

            return (head, [.. root.Items("values").Select((item, i) => Parse(i, item.Text("from") ?? "", item.Text("to") ?? "", item.Number("gramsPerKwh"), item.Switch("estimated") == true, "Value"))]);
        }
    }

    private static Row Parse(int place, string from, string to, double? grams, bool estimated, string what)
    {
        if (JsonReading.Time(from) is not { } start || JsonReading.Time(to) is not { } end)
        {
            throw new FormatException(Invariant($"{what} {place}: 'from' and 'to' are times with their offset, for example 2026-11-19T00:00:00Z; here '{from}' and '{to}'."));
        }

        return grams is { } value ? new Row(place, start, end, value, estimated) : throw new FormatException(Invariant($"{what} {place}: the grams per kWh are no number."));
    }

    private static void OneOf(Dictionary<string, string> head, string key, string first, string second)
    {
        if (head[key] != first && head[key] != second)
        {
            throw new FormatException($"{key} is '{head[key]}'; it can be {first} or {second}.");
        }
    }

    private static string Place(string path, Row row) => Invariant($"{Path.GetFileName(path)}, {(path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? "value" : "line")} {row.Place}");

    private static string Example(string key) => key switch
    {
        "signal" => "average",
        "zone" => "DE",
        "factor-type" => FactorTypes.LifeCycle,
        "gas-basis" => "CO2e",
        "licence" => "CC BY 4.0",
        _ => "our grid operator",
    };

    private static string Camel(string key) => key switch
    {
        "factor-type" => "factorType",
        "gas-basis" => "gasBasis",
        _ => key,
    };

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
