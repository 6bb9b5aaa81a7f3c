using System.Runtime.InteropServices;
using System.Text;
using GreenTune.Cli.CommandLine;
using GreenTune.Core.Contracts;
using GreenTune.Core.Exports;
using GreenTune.Core.Units;

namespace GreenTune.Cli.Measure;

/// <summary>Files that a measurement writes. They are opened before the command runs: hours of work end in no "permission denied".</summary>
internal sealed class MeasureFiles : IDisposable
{
    private readonly FileStream? _report;
    private readonly FileStream? _csv;
    private readonly IReadOnlyList<string> _columns = CodeCarbonWriter.ColumnNames;

    /// <param name="report">Receives the report in place of standard error; replaced. Null for none.</param>
    /// <param name="csv">Gets a row of CodeCarbon's emissions.csv. Null for none.</param>
    /// <exception cref="BadUsageException">A file cannot be written, or is no CodeCarbon file.</exception>
    public MeasureFiles(string? report, string? csv)
    {
        try
        {
            if (csv is not null)
            {
                _csv = Open("--csv", csv, FileMode.OpenOrCreate);
                _columns = Columns(csv, _csv);
            }
            // Last: it empties the file.
            _report = report is null ? null : Open("--output", report, FileMode.Create);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public bool HasReport => _report is not null;

    public void WriteReport(string text) => Write(_report!, text);

    /// <summary>Appends the row in one write, so that several measurements at once do not mix theirs.</summary>
    public void Append(MeasureReport report)
    {
        if (_csv is null)
            return;
        using var text = new StringWriter();
        var writer = new CodeCarbonWriter(text, _columns);
        if (_csv.Length == 0)
            writer.WriteHeader();
        else if (!EndsLine(_csv))
            text.Write(CsvText.LineEnd);
        writer.Write(Row(report));
        _csv.Seek(0, SeekOrigin.End);
        Write(_csv, text.ToString());
    }

    public void Dispose()
    {
        _report?.Dispose();
        _csv?.Dispose();
    }

    internal static CodeCarbonRow Row(MeasureReport report)
    {
        Joules? Sum(Func<ComponentJoules, Joules?> part) => report.Devices.Select(device => part(device.Energy.Components)).OfType<Joules>().ToArray() is { Length: > 0 } parts
            ? new Joules(parts.Sum(joules => joules.Value))
            : null;
        MeasuredDevice[] gpus = [.. report.Devices.Where(device => device.Kind == "gpu" && device.Energy.Joules is not null)];
        return new CodeCarbonRow
        {
            Timestamp = report.EndedAt,
            ProjectName = report.Name,
            RunId = report.RunId,
            DurationSeconds = report.DurationSeconds,
            Emissions = report.CO2eGrams,
            Energy = report.Joules,
            Components = new ComponentJoules { Cpu = Sum(c => c.Cpu), Gpu = Sum(c => c.Gpu), Dram = Sum(c => c.Dram) },
            OperatingSystem = RuntimeInformation.OSDescription,
            CpuCount = Environment.ProcessorCount,
            CpuModel = report.Devices.FirstOrDefault(device => device.Kind == "cpu")?.Name,
            GpuCount = gpus.Length > 0 ? gpus.Length : null,
            GpuModel = gpus.Length > 0 ? string.Join("; ", gpus.Select(gpu => gpu.Name).Distinct()) : null,
            RamGigabytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9,
            TrackingMode = "process",
        }.At(report.Factor);
    }

    private static IReadOnlyList<string> Columns(string path, FileStream csv)
    {
        if (csv.Length == 0)
            return CodeCarbonWriter.ColumnNames;
        using var reader = new StreamReader(csv, Encoding.UTF8, leaveOpen: true);
        string[] columns = (reader.ReadLine() ?? "").Split(',');
        return columns.Contains("timestamp") && columns.Contains("energy_consumed") && columns.Contains("emissions")
            ? columns
            : throw new BadUsageException($"--csv names {path}, whose first line has no columns of CodeCarbon (timestamp, emissions, energy_consumed and so on); name another file, for example --csv emissions.csv");
    }

    private static bool EndsLine(FileStream file)
    {
        file.Seek(-1, SeekOrigin.End);
        return file.ReadByte() == '\n';
    }

    private static FileStream Open(string option, string path, FileMode mode)
    {
        if (string.IsNullOrWhiteSpace(path))
            throw new BadUsageException($"{option} is empty, where it takes a file, for example {option} energy.{(option == "--csv" ? "csv" : "txt")}");
        try
        {
            return new FileStream(path, mode, mode == FileMode.Create ? FileAccess.Write : FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new BadUsageException($"{option} names {path}, which cannot be written: {e.Message.TrimEnd('.')}; name another file, for example {option} {Path.GetFileName(path) switch { "" => "energy.txt", var name => name }}");
        }
    }

    private static void Write(FileStream file, string text)
    {
        try
        {
            file.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (IOException e)
        {
            throw new CommandFailedException($"{file.Name} could not be written: {e.Message}", e);
        }
    }
}
