using System.CommandLine;
using System.Globalization;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Meter;
using GreenTune.Cli.Output;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;

namespace GreenTune.Cli.Measure;

/// <summary>Where the electricity is from: options, else the variables that Accounting reads, else the world average.</summary>
internal sealed class CarbonPlace
{
    private const string ZoneVariable = "Carbon__Zone";
    private const string PueVariable = "Carbon__Pue";

    private readonly Option<string?> _zone = new("--zone")
    {
        Description = $"Country (ISO 3166-1) or grid zone whose electricity it is. The variable {ZoneVariable} says where this does not; else it is the world's average.",
        HelpName = "code",
    };

    private readonly Option<double?> _pue = CommonOptions.Number(
        "--pue", "1..5", $"Power usage effectiveness of the site: facility energy over IT energy. The variable {PueVariable} says where this does not; else 1.", OperationalCarbon.MinPue, OperationalCarbon.MaxPue, 1.3);

    public void AddTo(Command command)
    {
        command.Options.Add(_zone);
        command.Options.Add(_pue);
    }

    /// <exception cref="BadUsageException">The zone is not known, or a variable is wrong.</exception>
    public CarbonFactor Factor(ParseResult result, CliConsole console)
    {
        string? zone = result.GetValue(_zone);
        string said = "--zone";
        if (zone is null)
            (zone, said) = (EnvironmentSettings.Value(console.Variables, ZoneVariable), $"the variable {ZoneVariable}");
        if (zone is not null && !CarbonTable.Default.TryResolve(zone, out _))
            throw new BadUsageException($"{said}: {CarbonTable.Default.UnknownZone(zone)} For example --zone DEU");
        return CarbonTable.Default.FactorFor(zone, result.GetValue(_pue) ?? Variable(console));
    }

    private static double? Variable(CliConsole console)
    {
        if (EnvironmentSettings.Value(console.Variables, PueVariable) is not { } text)
            return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double pue) && pue is >= OperationalCarbon.MinPue and <= OperationalCarbon.MaxPue
            ? pue
            : throw new BadUsageException($"the variable {PueVariable} is '{text}', where it takes a number from 1 to 5, for example {PueVariable}=1.3");
    }
}
