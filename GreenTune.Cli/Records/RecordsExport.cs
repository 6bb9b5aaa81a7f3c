using System.Text;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Cli.Services;
using GreenTune.Core.Contracts;

namespace GreenTune.Cli.Records;

/// <summary>Form of an exported file.</summary>
internal enum ExportFormat
{
    /// <summary>RFC 4180, UTF-8, a header line, units in the columns' names.</summary>
    Csv,

    /// <summary>One RecordView of the API a line.</summary>
    Jsonl,

    /// <summary>The columns and units of CodeCarbon's emissions.csv.</summary>
    Codecarbon,
}

/// <summary>greentune records export.</summary>
internal static class RecordsExport
{
    private const int PageSize = 500;

    /// <param name="console">Where the result is said.</param>
    /// <param name="address">Accounting's.</param>
    /// <param name="path">Path of a page, by its size and cursor.</param>
    /// <param name="format">Form of the file.</param>
    /// <param name="file">Where to.</param>
    /// <param name="cancellation">Stops the export and leaves no file.</param>
    public static async Task<int> RunAsync(CliConsole console, Uri address, Func<int, string?, string> path, ExportFormat format, ExportFile file, CancellationToken cancellation)
    {
        using (file)
        using (var service = new ServiceClient("Accounting", address))
        {
            // The first page is asked for before a file is made: most that can go wrong goes wrong here.
            Page<RecordView> page = await service.GetAsync<Page<RecordView>>(path(PageSize, null), cancellation);
            IRecordWriter writer = format switch
            {
                ExportFormat.Csv => new CsvRecordWriter(),
                ExportFormat.Codecarbon => new CodeCarbonRecordWriter(),
                _ => new JsonLinesRecordWriter(),
            };
            long count = 0;
            long bytes = await WriteAsync(file, writer.Header(), cancellation);
            while (true)
            {
                var lines = new StringBuilder();
                foreach (RecordView view in page.Items)
                    writer.Append(lines, view);
                bytes += await WriteAsync(file, lines.ToString(), cancellation);
                count += page.Items.Count;
                if (page.Next is not { } next)
                    break;
                if (page.Items.Count == 0)
                    throw service.Foreign();
                if (console.ErrorIsTerminal)
                    console.Error.Write($"\r{Figures.Count(count)} records ");
                page = await service.GetAsync<Page<RecordView>>(path(PageSize, next), cancellation);
            }
            cancellation.ThrowIfCancellationRequested();
            file.Complete();
            if (console.ErrorIsTerminal && count > PageSize)
                console.Error.Write('\r');
            console.Output.WriteLine($"{Figures.Count(count)} {(count == 1 ? "record" : "records")}, {Figures.Size(bytes)}, written to {SafeText.Line(file.FullPath)}");
            return ExitCodes.Ok;
        }
    }

    private static async Task<int> WriteAsync(ExportFile file, string text, CancellationToken cancellation)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Stream stream = file.Stream;
        try
        {
            await stream.WriteAsync(bytes, cancellation);
        }
        catch (IOException e)
        {
            throw file.Failed(e);
        }
        return bytes.Length;
    }
}

/// <summary>Writes records in one form.</summary>
internal interface IRecordWriter
{
    /// <summary>What stands before the first record; empty where nothing does.</summary>
    string Header();

    /// <summary>Appends one record and the end of its line.</summary>
    void Append(StringBuilder lines, RecordView view);
}
