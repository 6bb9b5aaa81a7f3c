using System.Globalization;
using GreenTune.Cli.Meter;
using GreenTune.Cli.Output;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Cli.Measure;

/// <summary>A report for people.</summary>
internal static class MeasureText
{
    private static readonly Column[] Columns =
    [
        new("Device"),
        new("Total", Right: true),
        new("Active", Right: true),
        new("Idle", Right: true),
        new("Other programs", Right: true),
        new("Unattributed", Right: true),
        new("Before and after", Right: true),
    ];

    public static void Write(CliConsole console, MeasureReport report)
    {
        console.Fields(Fields(report));
        MeasuredDevice[] balanced = [.. report.Devices.Where(device => device.Balance is not null)];
        if (balanced.Length > 0)
        {
            console.Output.WriteLine();
            console.Output.WriteLine("Where the energy of the devices went (the parts are accumulated apart and add up to the total):");
            console.Table(Columns, balanced.Select(device => Row(device.Id, device.Balance!)).Concat(balanced.Length > 1 ? [Row("sum", Sum(balanced))] : []));
        }
        foreach (MeasuredDevice device in report.Devices)
        {
            console.Output.WriteLine(device.Energy.Quality == EnergyQuality.None && device.Meter == "none"
                ? SafeText.Line($"{device.Kind.ToUpperInvariant()} not metered: {MeteringWords.Reason(device.Explanation)}")
                : SafeText.Line($"{device.Id} ({device.Name}), {Figures.Provenance(device.Energy.Quality, device.Energy.Meter ?? device.Meter, device.Energy.Boundary, true)}: {device.Explanation}"));
        }
        foreach (string note in report.Notes)
            console.Output.WriteLine(SafeText.Line("Note: " + note));
    }

    private static IEnumerable<(string, string)> Fields(MeasureReport report)
    {
        string? reason = report.Devices.Select(device => Figures.Reason(device.Energy.Reasons, "joules")).FirstOrDefault(text => text is not null) ?? "nothing is metered here";
        string cpu = report.CpuSeconds is { } seconds ? $", {Figures.Seconds(seconds)} of CPU time" : "";
        yield return ("Command", string.Join(' ', report.Command));
        yield return ("Ended", string.Create(CultureInfo.InvariantCulture, $"with {report.ExitCode} after {Figures.Seconds(report.DurationSeconds)}{cpu}"));
        if (report.Joules is not { } joules)
        {
            yield return ("Energy", Figures.Unknown(reason));
            yield return ("CO2e", Figures.Unknown(reason));
            yield break;
        }
        string spread = report.RelativeUncertainty is { } sigma ? $" ± {Figures.Percent(sigma)} at 1 sigma" : "";
        yield return ("Energy", $"{Figures.Energy(joules)}{spread}, {Figures.Word(report.Quality)}");
        yield return ("  active", $"{Figures.Energy(report.ActiveJoules, reason)}: what the command caused");
        yield return ("  idle", $"{Figures.Energy(report.IdleJoules, reason)}: the devices' idle power while it ran");
        yield return ("Mean power", report.MeanPower is { } power ? Figures.Power(power.Value) : Figures.Unknown("the command took no time"));
        foreach (MeasuredDevice device in report.Devices.Where(device => device.Baseline is not null))
            yield return ("Idle power", $"{device.Id}: {MeteringWords.Baseline(device.Baseline)}");
        yield return ("CO2e", $"{Figures.Carbon(report.CO2eGrams, reason)}, of it active {Figures.Carbon(report.ActiveCO2eGrams, reason)}");
        foreach ((string, string) line in Place(report.Factor))
            yield return line;
    }

    private static IEnumerable<(string, string)> Place(CarbonFactor factor)
    {
        string year = factor.Year is { } known ? known.ToString(CultureInfo.InvariantCulture) : "year " + Figures.Unknown("the source does not say");
        yield return ("  intensity", $"{Figures.Number(factor.Intensity.Value)} g{factor.GasBasis}/kWh, {factor.ZoneName}, {Figures.Word(factor.Signal)}, {factor.FactorType}, {factor.Source}, {year}");
        if (factor.Estimated)
            yield return ("  estimated", $"{factor.Reason ?? "the zone is not known"} --zone says where the electricity is from.");
        yield return ("  PUE", Figures.Number(factor.Pue) + (factor.PueAssumed ? " (assumed; --pue says another)" : ""));
    }

    private static IReadOnlyList<string> Row(string name, EnergyBuckets balance) =>
    [
        name, Figures.Energy(balance.Total), Figures.Energy(balance.Active), Figures.Energy(balance.IdleShare), Figures.Energy(balance.Other), Figures.Energy(balance.Unattributed), Figures.Energy(balance.Idle),
    ];

    private static EnergyBuckets Sum(MeasuredDevice[] devices)
    {
        Joules Of(Func<EnergyBuckets, Joules> part) => new(devices.Sum(device => part(device.Balance!).Value));
        return new(Of(b => b.Total), Of(b => b.Active), Of(b => b.IdleShare), Of(b => b.Idle), Of(b => b.Unattributed), Of(b => b.Other), devices.Min(device => device.Balance!.Quality));
    }
}
