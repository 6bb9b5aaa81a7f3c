using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Core.Carbon;

/// <summary>
/// Yearly average carbon intensities of countries and grid zones: Electricity Maps where it has a zone, Ember for the other countries, the EU and the
/// world. Made by eng/carbon, whose README says what the sources are and under which licences. Thread-safe.
/// </summary>
public sealed class CarbonTable
{
    /// <summary>Code of the world average.</summary>
    public const string World = "WORLD";

    private const string EuropeanUnion = "EU";
    private const string LifeCycle = "life-cycle";
    private const string CO2e = "CO2e";

    private static readonly Lazy<CarbonTable> Embedded = new(CarbonTableReader.ReadEmbedded);

    private readonly FrozenDictionary<string, Row> _rows;
    private readonly FrozenDictionary<string, Country> _countries;
    private readonly FrozenDictionary<string, string> _alpha3;

    internal CarbonTable(IEnumerable<Country> countries, IEnumerable<Row> rowsBestFirst)
    {
        Country[] all = [.. countries];
        _countries = all.ToFrozenDictionary(country => country.Alpha3, StringComparer.OrdinalIgnoreCase);
        // ISO 3166-1 reserves UK for the United Kingdom; people write it more often than GB.
        _alpha3 = all.Select(country => KeyValuePair.Create(country.Alpha2, country.Alpha3)).Append(new("UK", "GBR"))
            .ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _rows = rowsBestFirst.DistinctBy(row => row.Zone, StringComparer.OrdinalIgnoreCase)
            .ToFrozenDictionary(row => row.Zone, StringComparer.OrdinalIgnoreCase);
        if (!_rows.ContainsKey(World))
        {
            throw new InvalidDataException("The carbon tables have no world average.");
        }

        Zones = [.. _rows.Values
            .Select(row => new CarbonZone(row.Zone, NameOf(row), row.Intensity, row.Year, row.Source.Name))
            .OrderBy(zone => zone.Name, StringComparer.OrdinalIgnoreCase).ThenBy(zone => zone.Zone, StringComparer.Ordinal)];
    }

    /// <summary>The tables that are built in.</summary>
    public static CarbonTable Default => Embedded.Value;

    /// <summary>Every zone with an intensity, by name.</summary>
    public IReadOnlyList<CarbonZone> Zones { get; }

    /// <summary>
    /// True when <paramref name="code"/> is an ISO 3166-1 country (alpha-3 or alpha-2, whatever the case), a grid zone of the table, "EU" or "WORLD".
    /// A country may be known without an intensity.
    /// </summary>
    public bool TryResolve(string code, [NotNullWhen(true)] out string? zone)
    {
        string trimmed = code.Trim();
        if (_rows.TryGetValue(trimmed, out Row? row))
        {
            zone = row.Zone;
            return true;
        }

        string alpha3 = _alpha3.GetValueOrDefault(trimmed, trimmed);
        zone = _countries.TryGetValue(alpha3, out Country? country) ? country.Alpha3 : null;
        return zone is not null;
    }

    /// <summary>
    /// The factor of a zone, or the world average, flagged as estimated with the reason, where the zone is not given or has no published intensity.
    /// </summary>
    /// <param name="code">What <see cref="TryResolve"/> takes; null or blank when the site states none.</param>
    /// <param name="pue">The site's PUE, from 1 to 5; null when the site states none.</param>
    /// <exception cref="ArgumentException">The zone is not known; the message lists near matches.</exception>
    public CarbonFactor FactorFor(string? code, double? pue)
    {
        if (string.IsNullOrWhiteSpace(code))
        {
            return Factor(_rows[World], pue, "No zone is configured; the world average stands in.");
        }

        if (!TryResolve(code, out string? zone))
        {
            throw new ArgumentException(UnknownZone(code), nameof(code));
        }

        if (!_rows.TryGetValue(zone, out Row? row))
        {
            return Factor(_rows[World], pue, $"No intensity is published for {_countries[zone].Name}; the world average stands in.");
        }

        return Factor(row, pue, row.Zone is World or EuropeanUnion ? $"{row.Name} is an average over many grids, not the grid of one site." : null);
    }

    /// <summary>
    /// The zone as Electricity Maps writes it: the alpha-2 code of a country ("DE"), a grid zone as it is ("US-CAL-CISO"). Null for an average over many
    /// grids and for a code that is not known.
    /// </summary>
    public string? GridZoneOf(string? code)
    {
        if (string.IsNullOrWhiteSpace(code) || !TryResolve(code, out string? zone) || zone is World or EuropeanUnion)
        {
            return null;
        }

        return _countries.TryGetValue(zone, out Country? country) ? country.Alpha2 : zone;
    }

    /// <summary>One sentence for an unknown zone, with what may have been meant.</summary>
    public string UnknownZone(string code)
    {
        IReadOnlyList<string> near = NearMatches(code);
        string hint = near.Count > 0 ? $"Did you mean {string.Join(", ", near)}?" : "Codes look like DEU, DE or US-CAL-CISO.";
        return $"'{code.Trim()}' is no country (ISO 3166-1 alpha-3 or alpha-2) and no grid zone of the carbon table. {hint}";
    }

    /// <summary>Up to <paramref name="count"/> known codes with their names that look like <paramref name="text"/>, nearest first.</summary>
    public IReadOnlyList<string> NearMatches(string text, int count = 5)
    {
        string sought = text.Trim();
        if (sought.Length == 0)
        {
            return [];
        }

        var known = _countries.Values.Select(country => (Code: country.Alpha3, country.Name, Short: country.Alpha2))
            .Concat(_rows.Values.Where(row => !_countries.ContainsKey(row.Zone)).Select(row => (Code: row.Zone, Name: NameOf(row), Short: row.Zone)));
        return [.. known
            .Select(zone => (zone.Code, zone.Name, Distance: Distance(sought, zone.Code, zone.Short, zone.Name)))
            .Where(zone => zone.Distance <= 2)
            .OrderBy(zone => zone.Distance).ThenBy(zone => zone.Code, StringComparer.Ordinal)
            .Take(count)
            .Select(zone => $"{zone.Code} ({zone.Name})")];
    }

    private static CarbonFactor Factor(Row row, double? pue, string? reason, string name) => new()
    {
        Intensity = row.Intensity,
        Pue = pue ?? OperationalCarbon.DefaultPue,
        PueAssumed = pue is null,
        Zone = row.Zone,
        ZoneName = name,
        Source = row.Source.Name,
        Licence = row.Source.Licence,
        Year = row.Year,
        Signal = CarbonSignal.Average,
        FactorType = LifeCycle,
        GasBasis = CO2e,
        Estimated = reason is not null,
        Reason = reason,
        MethodVersion = MethodVersions.Carbon,
        Step = row.Zone == World ? CarbonSteps.WorldAverage : CarbonSteps.CountryTable,
    };

    private CarbonFactor Factor(Row row, double? pue, string? reason) => Factor(row, pue, reason, NameOf(row));

    private string NameOf(Row row)
    {
        if (_countries.TryGetValue(row.Zone, out Country? country))
        {
            return country.Name;
        }

        int dash = row.Zone.IndexOf('-', StringComparison.Ordinal);
        return dash > 0 && _alpha3.TryGetValue(row.Zone[..dash], out string? alpha3) ? $"{row.Name}, {_countries[alpha3].Name}" : row.Name;
    }

    private static int Distance(string sought, string code, string shortCode, string name)
    {
        if (name.Contains(sought, StringComparison.OrdinalIgnoreCase) && sought.Length >= 3)
        {
            return name.StartsWith(sought, StringComparison.OrdinalIgnoreCase) ? 0 : 1;
        }

        if (code.StartsWith(sought, StringComparison.OrdinalIgnoreCase))
        {
            return 1;
        }

        // Two letters are one slip away from a dozen countries; longer words may have two slips.
        int allowed = sought.Length <= 3 ? 1 : 2;
        int least = Math.Min(EditDistance(sought, code), Math.Min(EditDistance(sought, shortCode), EditDistance(sought, name)));
        return least <= allowed ? least : int.MaxValue;
    }

    /// <summary>Levenshtein's distance, letters of either case alike.</summary>
    private static int EditDistance(string a, string b)
    {
        int[] previous = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int[] current = new int[b.Length + 1];
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int change = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(current[j - 1], previous[j]) + 1, previous[j - 1] + change);
            }

            previous = current;
        }

        return previous[b.Length];
    }

    internal sealed record Country(string Alpha3, string Alpha2, string Name);

    internal sealed record Row(string Zone, string Name, GramsPerKilowattHour Intensity, int? Year, TableSource Source);

    internal sealed record TableSource(string Name, string Licence);
}
