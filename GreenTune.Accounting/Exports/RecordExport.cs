using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Carbon.Restatements;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using GreenTune.Core.Exports;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Exports;

/// <summary>Forms of the export.</summary>
internal enum ExportFormat
{
    Csv,
    Jsonl,
    Codecarbon,
}

/// <summary>
/// Writes records to a stream, oldest first, some thousand at a time: the memory that it takes does not depend on how many there are, and each part is a short
/// query of its own, so writing the books goes on meanwhile.
/// </summary>
internal sealed class RecordExport(IDbContextFactory<AccountingDb> contexts, CarbonPricing pricing)
{
    private const int Part = 1000;
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <param name="output">Where to; stays open.</param>
    /// <param name="filter">Which records.</param>
    /// <param name="format">The form.</param>
    /// <param name="view">Whether restated figures are beside the original ones. CodeCarbon's form has room for one figure, which is then the restated one.</param>
    /// <param name="gzip">Whether to compress.</param>
    /// <param name="cancellation">Ends it between two parts.</param>
    public async Task WriteAsync(
        Stream output, Func<IQueryable<RecordRow>, IQueryable<RecordRow>> filter, ExportFormat format, CarbonView view, bool gzip, CancellationToken cancellation)
    {
        if (!gzip)
        {
            await WriteAsync(output, filter, format, view, cancellation);
            return;
        }

        await using var compressed = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true);
        await WriteAsync(compressed, filter, format, view, cancellation);
    }

    private async Task WriteAsync(Stream output, Func<IQueryable<RecordRow>, IQueryable<RecordRow>> filter, ExportFormat format, CarbonView view, CancellationToken cancellation)
    {
        await using var writer = new StreamWriter(output, Utf8, 64 * 1024, leaveOpen: true);
        // A part is put together here and then sent, since an answer's body takes no synchronous writes.
        using var part = new StringWriter(CultureInfo.InvariantCulture);
        StringBuilder text = part.GetStringBuilder();
        var codeCarbon = new CodeCarbonWriter(part);
        if (format == ExportFormat.Csv)
        {
            text.Append(RecordCsv.Header);
        }
        else if (format == ExportFormat.Codecarbon)
        {
            codeCarbon.WriteHeader();
        }

        // What arrives while the export runs is not in it, so an export is what the books held when it began.
        long last;
        await using (AccountingDb db = await contexts.CreateDbContextAsync(cancellation))
        {
            last = await db.Records.MaxAsync(record => (long?)record.Key, cancellation) ?? 0;
        }

        (long Ticks, long Key) after = (long.MinValue, 0);
        while (true)
        {
            await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
            (long ticks, long key) = after;
            List<RecordRow> rows = await filter(db.Records.AsNoTracking())
                .Where(record => record.Key <= last && record.StartedTicks >= ticks && (record.StartedTicks > ticks || record.Key > key))
                .OrderBy(record => record.StartedTicks).ThenBy(record => record.Key).Take(Part).ToListAsync(cancellation);
            foreach (RecordView record in await RecordViews.OfAsync(db, pricing, rows, view, cancellation))
            {
                switch (format)
                {
                    case ExportFormat.Csv:
                        RecordCsv.Write(text, record);
                        break;
                    case ExportFormat.Jsonl:
                        text.Append(JsonSerializer.Serialize(record, ContractJson.Options)).Append('\n');
                        break;
                    default:
                        codeCarbon.Write(record.Restated is { } restated ? record with { CO2e = restated.CO2e, Factor = restated.Factor } : record);
                        break;
                }
            }

            await writer.WriteAsync(text, cancellation);
            await writer.FlushAsync(cancellation);
            text.Clear();
            if (rows.Count < Part)
            {
                return;
            }

            after = (rows[^1].StartedTicks, rows[^1].Key);
        }
    }
}
