#:property PublishAot=false
// Makes GreenTune.Core/Carbon/Data/electricity-maps.csv and ember.csv from the npm package @tgwf/co2. Run by a person when the data is renewed:
//
//   npm pack @tgwf/co2@0.19.0
//   dotnet run eng/carbon/GenerateCarbonTables.cs -- tgwf-co2-0.19.0.tgz
//
// README.md beside this file says what the sources are, under which licences, and what is left out.
using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

const string PackageName = "@tgwf/co2";
const string PackageVersion = "0.19.0";
const string Integrity = "sha512-3VkpB5H6OGQF2P6nESbThVEOfQrFjBz8wBDTEmhbJ4uEi67TsMt+Oyq7YOweOdUkSOJBPsezjf/5i/ScXgqGDA==";
int[] years = [2021, 2022, 2023, 2024, 2025];

if (args is not [var tarball])
{
    Console.Error.WriteLine($"Give the package's file: npm pack {PackageName}@{PackageVersion}, then dotnet run eng/carbon/GenerateCarbonTables.cs -- tgwf-co2-{PackageVersion}.tgz");
    return 2;
}

byte[] package = File.ReadAllBytes(tarball);
if ("sha512-" + Convert.ToBase64String(SHA512.HashData(package)) != Integrity)
{
    Console.Error.WriteLine($"{tarball} is not {PackageName}@{PackageVersion} as it was when this generator was written: its SHA-512 differs. Read the new package's data and licences, then change the version and the digest here.");
    return 1;
}

Dictionary<string, string> files = ReadPackage(package);
string output = Path.GetFullPath(Path.Combine(ThisFolder(), "..", "..", "GreenTune.Core", "Carbon", "Data"));
Dictionary<string, string> alpha3ByAlpha2 = File.ReadLines(Path.Combine(output, "countries.csv"))
    .Skip(1).Select(line => line.Split(',')).ToDictionary(cells => cells[1], cells => cells[0]);

WriteTable("electricity-maps.csv",
    "Electricity Maps yearly averages, republished by The Green Web Foundation in " + PackageName + " " + PackageVersion,
    "Open Database License (ODbL) 1.0",
    "Consumption-based, life-cycle. https://www.electricitymaps.com/data/methodology",
    ElectricityMaps());
WriteTable("ember.csv",
    "Ember yearly electricity data, republished by The Green Web Foundation in " + PackageName + " " + PackageVersion,
    "CC BY-SA 4.0",
    "Generation-based, life-cycle. The package keeps the newest year that each country has and drops which year that is.",
    Ember());
return 0;

IEnumerable<Row> ElectricityMaps()
{
    var newest = new SortedDictionary<string, Row>(StringComparer.Ordinal);
    foreach (int year in years)
    {
        foreach (JsonProperty zone in Data(files[$"dist/esm/data/electricity-maps/yearly_{year}.js"]).EnumerateObject())
        {
            JsonElement intensity = zone.Value.GetProperty("carbonIntensity");
            if (intensity.GetProperty("unit").GetString() != "gCO2eq/kWh")
            {
                throw new InvalidDataException($"{zone.Name} {year} has another unit than gCO2eq/kWh.");
            }

            // Nought and nothing both mean that there is no figure: no grid is free of life-cycle emissions.
            if (!intensity.TryGetProperty("value", out JsonElement value) || value.ValueKind != JsonValueKind.Number || value.GetDouble() <= 0)
            {
                continue;
            }

            JsonElement names = zone.Value.GetProperty("zone");
            string name = (names.TryGetProperty("displayName", out JsonElement shown) ? shown : names.GetProperty("zoneName")).GetString()!;
            bool country = !zone.Name.Contains('-', StringComparison.Ordinal);
            if (!alpha3ByAlpha2.TryGetValue(country ? zone.Name : zone.Name[..2], out string? alpha3))
            {
                throw new InvalidDataException($"{zone.Name} is not in countries.csv.");
            }

            newest[zone.Name] = new Row(country ? alpha3 : zone.Name, country ? "" : name, value.GetDouble(), year);
        }
    }

    return newest.Values;
}

IEnumerable<Row> Ember()
{
    HashSet<string> countries = [.. alpha3ByAlpha2.Values];
    foreach (JsonProperty country in Data(files["dist/esm/data/average-intensities.min.js"]).EnumerateObject())
    {
        // Groups of countries that no site stands in (G7, OECD, continents) are left out.
        bool kept = countries.Contains(country.Name) || country.Name is "WORLD" or "EU";
        if (kept && country.Value.GetDouble() > 0)
        {
            yield return new Row(country.Name, country.Name switch { "WORLD" => "World", "EU" => "European Union", _ => "" }, country.Value.GetDouble(), null);
        }
    }
}

void WriteTable(string file, string source, string licence, string basis, IEnumerable<Row> rows)
{
    var text = new StringBuilder()
        .Append("# Made by eng/carbon/GenerateCarbonTables.cs; not edited by hand. This file has its own licence.\n")
        .Append("# source: ").Append(source).Append('\n')
        .Append("# licence: ").Append(licence).Append('\n')
        .Append("# basis: ").Append(basis).Append('\n')
        .Append("zone,name,grams_co2e_per_kwh,year,source\n");
    string shortSource = Path.GetFileNameWithoutExtension(file);
    int count = 0;
    foreach (Row row in rows.OrderBy(row => row.Zone, StringComparer.Ordinal))
    {
        text.Append(CultureInfo.InvariantCulture, $"{row.Zone},{row.Name.Replace(',', ' ')},{row.Grams:R},{row.Year},{shortSource}\n");
        count++;
    }

    File.WriteAllText(Path.Combine(output, file), text.ToString());
    Console.WriteLine($"{file}: {count} zones");
}

// The modules hold one object literal that is JSON but for JavaScript's \xNN escapes: "const data = {...};" and a few lines of exports.
static JsonElement Data(string module)
{
    const string Opening = "const data = ";
    int start = module.IndexOf(Opening, StringComparison.Ordinal) + Opening.Length;
    int end = module.IndexOf("};", start, StringComparison.Ordinal) + 1;
    return JsonDocument.Parse(module[start..end].Replace("\\x", "\\u00", StringComparison.Ordinal)).RootElement;
}

static Dictionary<string, string> ReadPackage(byte[] package)
{
    const string Root = "package/";
    var files = new Dictionary<string, string>();
    using var gzip = new GZipStream(new MemoryStream(package), CompressionMode.Decompress);
    using var tar = new TarReader(gzip);
    while (tar.GetNextEntry() is { } entry)
    {
        if (entry.DataStream is not null && entry.Name.StartsWith(Root + "dist/esm/data/", StringComparison.Ordinal))
        {
            using var reader = new StreamReader(entry.DataStream);
            files[entry.Name[Root.Length..]] = reader.ReadToEnd();
        }
    }

    return files;
}

static string ThisFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

internal sealed record Row(string Zone, string Name, double Grams, int? Year);
