using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Accounting;

namespace GreenTune.Inference.Records;

/// <summary>Carries the outbox to Accounting, oldest first, again and again until it has been taken.</summary>
internal sealed partial class OutboxSender(Outbox outbox, AccountingClient accounting, TimeProvider clock, ILogger<OutboxSender> logger) : BackgroundService
{
    private const int BatchSize = 500;
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(10);

    /// <summary>Records that arrive together travel together.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(50);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        TimeSpan delay = FirstDelay;
        bool away = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (outbox.Oldest() is not { } segment)
                {
                    await outbox.WaitAsync(TimeSpan.FromMinutes(1), stoppingToken);
                    await Task.Delay(Gather, clock, stoppingToken);
                    continue;
                }

                await SendAsync(segment, stoppingToken);
                outbox.Remove(segment);
                delay = FirstDelay;
                if (away)
                {
                    away = false;
                    LogBack();
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException or JsonException or TimeoutException or Polly.ExecutionRejectedException)
            {
                if (!away)
                {
                    away = true;
                    LogAway(e.Message);
                }

                await Task.Delay(delay, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
            }
        }
    }

    private async Task SendAsync(OutboxSegment segment, CancellationToken cancellation)
    {
        foreach (OutboxEntry[] batch in Batches(segment.Entries))
        {
            await SendAsync(batch, cancellation);
        }
    }

    /// <summary>A batch that is refused as a whole (too large, or one entry that cannot be read) is sent again in halves: only the culprit is put aside.</summary>
    private async Task SendAsync(ArraySegment<OutboxEntry> batch, CancellationToken cancellation)
    {
        try
        {
            IReadOnlyList<IngestRefusal> refused = batch[0].Kind switch
            {
                OutboxKind.Record => await accounting.SendRecordsAsync([.. batch.Select(entry => entry.Body)], cancellation),
                OutboxKind.Period => await accounting.SendPeriodsAsync([.. batch.Select(entry => entry.Body)], cancellation),
                _ => await accounting.SendPlanAsync(batch[0].Body, cancellation),
            };
            foreach (IngestRefusal refusal in refused)
            {
                SetAside([.. batch.Where(entry => entry.Id == refusal.Id)], refusal.Reason);
            }
        }
        catch (RefusedException) when (batch.Count > 1)
        {
            await SendAsync(batch[..(batch.Count / 2)], cancellation);
            await SendAsync(batch[(batch.Count / 2)..], cancellation);
        }
        catch (RefusedException e)
        {
            SetAside([.. batch], e.Message);
        }
    }

    private void SetAside(OutboxEntry[] entries, string reason)
    {
        LogRefused(string.Join(", ", entries.Take(5).Select(entry => entry.Id)), entries.Length, reason);
        outbox.SetAside(entries, reason);
    }

    /// <summary>Runs of one kind, in order; plans one by one.</summary>
    private static IEnumerable<OutboxEntry[]> Batches(IReadOnlyList<OutboxEntry> entries)
    {
        var batch = new List<OutboxEntry>();
        foreach (OutboxEntry entry in entries)
        {
            if (batch.Count > 0 && (batch[0].Kind != entry.Kind || batch.Count == BatchSize || entry.Kind == OutboxKind.Plan))
            {
                yield return [.. batch];
                batch.Clear();
            }

            batch.Add(entry);
        }

        if (batch.Count > 0)
        {
            yield return [.. batch];
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Accounting does not take records now ({Reason}); they wait on disk and are sent when it does")]
    private partial void LogAway(string reason);

    [LoggerMessage(2, LogLevel.Information, "Accounting takes records again")]
    private partial void LogBack();

    [LoggerMessage(3, LogLevel.Error, "Accounting refused {Ids} ({Count} entries, kept in the outbox's refused.jsonl): {Reason}")]
    private partial void LogRefused(string ids, int count, string reason);
}
