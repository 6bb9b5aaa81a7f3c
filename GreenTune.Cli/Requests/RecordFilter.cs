using System.CommandLine;
using System.Globalization;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Core.Contracts;

namespace GreenTune.Cli.Requests;

/// <summary>Which records are meant: the filters of GET /api/records, one option each.</summary>
internal sealed class RecordFilter
{
    private readonly Option<string?> _tenant = CommonOptions.Text("--tenant", "name", "Only this tenant's.", Identifiers.IsTenant, Identifiers.TenantForm, "playground");
    private readonly Option<string?> _session = CommonOptions.Text("--session", "name", "Only this session's.", Identifiers.IsSession, Identifiers.SessionForm, "trial-1");
    private readonly Option<string?> _configuration = CommonOptions.Text("--configuration", "id", "Only those that this configuration answered.", Identifiers.IsConfiguration, Identifiers.ConfigurationForm, "greentune-tiny-int4");
    private readonly Option<RequestOutcome?> _outcome = CommonOptions.Word<RequestOutcome>("--outcome", "Only those that ended so");
    private readonly Option<EnergyQuality?> _quality = CommonOptions.Word<EnergyQuality>("--quality", "Only those whose energy is of this quality");
    private readonly Option<DateTimeOffset?> _from = CommonOptions.Time("--from", "Only those that started then or later, for example 2026-11-19T08:00:00Z.");
    private readonly Option<DateTimeOffset?> _to = CommonOptions.Time("--to", "Only those that started before then.");

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _tenant, _session, _configuration, _outcome, _quality, _from, _to })
            command.Add(option);
    }

    /// <summary>Path and query of one page.</summary>
    /// <exception cref="BadUsageException">The filters do not go together.</exception>
    public string Path(ParseResult result, int limit, string? cursor)
    {
        if (result.GetValue(_to) <= result.GetValue(_from))
            throw new BadUsageException("--to is not after --from; for example --from 2026-11-19T08:00:00Z --to 2026-11-20T08:00:00Z");
        (string Name, string? Value)[] parameters =
        [
            ("tenant", result.GetValue(_tenant)),
            ("session", result.GetValue(_session)),
            ("configuration", result.GetValue(_configuration)),
            ("outcome", result.GetValue(_outcome) is { } outcome ? Figures.Word(outcome) : null),
            ("quality", result.GetValue(_quality) is { } quality ? Figures.Word(quality) : null),
            ("from", result.GetValue(_from)?.ToString("O", CultureInfo.InvariantCulture)),
            ("to", result.GetValue(_to)?.ToString("O", CultureInfo.InvariantCulture)),
            ("limit", limit.ToString(CultureInfo.InvariantCulture)),
            ("cursor", cursor),
        ];
        return "api/records?" + string.Join('&', parameters.Where(p => p.Value is not null).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value!)}"));
    }
}
