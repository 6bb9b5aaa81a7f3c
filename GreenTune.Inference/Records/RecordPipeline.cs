using System.Collections.Concurrent;
using System.Diagnostics;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Inference.Accounting;
using GreenTune.Inference.Energy;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Telemetry;
using GreenTune.Metering;

namespace GreenTune.Inference.Records;

/// <summary>Follows every generation from its end to a record in the outbox, off the request's path.</summary>
internal sealed partial class RecordPipeline(
    Outbox outbox,
    RequestJournal journal,
    EnergyPredictor predictor,
    CarbonFactorCache factor,
    InferenceTelemetry telemetry,
    TimeProvider clock,
    IHostEnvironment environment,
    ILogger<RecordPipeline> logger) : IHostedService, IDisposable
{
    private const int TracePoints = 240;

    /// <summary>A trace begins a little before its request and ends a little after, so that a reader sees it rise and fall.</summary>
    private static readonly TimeSpan TraceMargin = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Task> _following = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly string _instance = ServiceInstance.Of(environment);

    /// <summary>Takes over a generation that has been submitted. Returns at once.</summary>
    public void Follow(ServedRequest served, Generation generation)
    {
        journal.Begin(served.ToJournal(_instance));
        Keep(served.Id, FollowAsync(served, generation));
    }

    /// <summary>Notes a request that runs outside the engine, so that it leaves a record even when this process is killed. Every one is followed in the end.</summary>
    /// <param name="entry">What is known of it, for this instance of the service.</param>
    public void Begin(Func<string, JournalEntry> entry) => journal.Begin(entry(_instance));

    /// <summary>Takes over a request that ran outside the engine. Returns at once.</summary>
    /// <param name="id">The request's id.</param>
    /// <param name="settle">Makes the record for this instance of the service, once its energy has settled.</param>
    /// <param name="provider">Who ran it, for the metrics.</param>
    public void Follow(string id, Func<string, Task<RequestRecord>> settle, string provider) => Keep(id, FollowAsync(id, settle, provider));

    private void Keep(string id, Task task)
    {
        _following[id] = task;
        task.ContinueWith(_ => _following.TryRemove(id, out Task? _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Waits for the requests that have ended but not yet settled.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_following.Values).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _stopping.Dispose();

    private async Task FollowAsync(ServedRequest served, Generation generation)
    {
        try
        {
            GenerationResult result = await generation.Completion;
            Phases(served, result);
            SettledRequest settled = await result.Settled;
            await Task.Delay(TraceMargin, clock, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            IReadOnlyList<TracePoint> trace = served.Meter.Trace(served.AcceptedTick - TraceMargin, result.EndedAt + TraceMargin, served.AcceptedTick, TracePoints);
            RequestRecord record = served.ToRecord(result, settled, trace, _instance);
            await FinishAsync(record, served.Span, InferenceTelemetry.Provider);
        }
#pragma warning disable CA1031 // A fault here must be seen; there is no caller to tell.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogLost(e, served.Id);
        }
    }

    private async Task FollowAsync(string id, Func<string, Task<RequestRecord>> settle, string provider)
    {
        try
        {
            await FinishAsync(await settle(_instance), default, provider);
        }
#pragma warning disable CA1031 // A fault here must be seen; there is no caller to tell.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogLost(e, id);
        }
    }

    private async Task FinishAsync(RequestRecord record, ActivityContext span, string provider)
    {
        GramsCO2e? grams = ProvisionalCarbon.Of(record.Energy.Joules, factor.Current);
        InferenceTelemetry.Settled(span, record, grams, clock.GetUtcNow());
        telemetry.Record(record, provider);
        predictor.Learn(record);
        await KeepAsync(record);
    }

    private static void Phases(ServedRequest served, GenerationResult result)
    {
        if (served.Span == default)
        {
            return;
        }

        InferenceTelemetry.Phase(served.Span, "queue", served.At(result.SubmittedAt), served.At(result.StartedAt ?? result.EndedAt));
        if (result is { StartedAt: { } started, FirstTokenAt: { } first })
        {
            InferenceTelemetry.Phase(served.Span, "prefill", served.At(started), served.At(first), 1);
            InferenceTelemetry.Phase(served.Span, "decode", served.At(first), served.At(result.EndedAt), result.OutputTokens - 1);
        }
    }

    /// <summary>A disk that is full or gone for a while loses nothing: the record waits in memory.</summary>
    private async Task KeepAsync(RequestRecord record)
    {
        OutboxEntry entry = OutboxEntry.Of(record);
        for (TimeSpan delay = TimeSpan.FromMilliseconds(250); ; delay = delay * 2 < LongestRetry ? delay * 2 : LongestRetry)
        {
            try
            {
                await outbox.AppendAsync(entry);
                journal.End(record.Id);
                return;
            }
            catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !_stopping.IsCancellationRequested)
            {
                await Task.Delay(delay, clock, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Critical, "The record of {Request} could not be kept")]
    private partial void LogLost(Exception exception, string request);
}
