using GreenTune.Core.Carbon;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Carbon;

/// <summary>Section "Carbon": where the machines stand and what their building adds.</summary>
internal sealed class CarbonOptions
{
    public const string Section = "Carbon";

    /// <summary>ISO 3166-1 country (DEU or DE), a grid zone (US-CAL-CISO), EU or WORLD.</summary>
    /// <value>The default is none: the world average stands in, flagged as estimated.</value>
    public string? Zone { get; set; }

    /// <summary>Power usage effectiveness, facility energy over IT energy, 1 to 5.</summary>
    /// <value>The default is none: <see cref="OperationalCarbon.DefaultPue"/> stands in, flagged as assumed.</value>
    public double? Pue { get; set; }
}

internal sealed class CarbonOptionsValidator(CarbonTable table) : IValidateOptions<CarbonOptions>
{
    public ValidateOptionsResult Validate(string? name, CarbonOptions options)
    {
        var failures = new List<string>();
        if (!string.IsNullOrWhiteSpace(options.Zone) && !table.TryResolve(options.Zone, out _))
        {
            failures.Add($"Carbon:Zone (environment Carbon__Zone): {table.UnknownZone(options.Zone)}");
        }

        if (options.Pue is { } pue && !(pue is >= OperationalCarbon.MinPue and <= OperationalCarbon.MaxPue))
        {
            failures.Add(FormattableString.Invariant($"Carbon:Pue (environment Carbon__Pue) is {pue}; it is facility energy over IT energy, from {OperationalCarbon.MinPue} to {OperationalCarbon.MaxPue}, for example 1.2."));
        }

        return failures.Count > 0 ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
    }
}
