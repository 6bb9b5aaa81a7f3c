using GreenTune.Core.Contracts;
using GreenTune.Inference.Accounting;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Budgets;

/// <summary>What the gate said.</summary>
/// <param name="Decision">Accounting's decision; null when no budget concerns the request.</param>
/// <param name="Unchecked">True when Accounting could not be asked and requests are let through in that case.</param>
internal sealed record BudgetVerdict(ReservationDecision? Decision, bool Unchecked)
{
    public static BudgetVerdict None { get; } = new(null, false);
}

/// <summary>Asks about a tenant's budget before a request is admitted: reserve first, settle with the record.</summary>
internal sealed partial class BudgetGate(AccountingClient accounting, BudgetBook book, IOptions<InferenceOptions> options, TimeProvider clock, ILogger<BudgetGate> logger)
{
    private long _lastWarning;

    /// <exception cref="BudgetUnavailableException">Accounting could not be asked and requests are not let through in that case.</exception>
    /// <param name="tenant">Whose request it is.</param>
    /// <param name="reservation">What to ask; null when nothing meters the device, so that no cost can be predicted.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<BudgetVerdict> AskAsync(string tenant, Func<ReservationRequest?> reservation, CancellationToken cancellation)
    {
        if (!book.MayHaveBudget(tenant))
        {
            return BudgetVerdict.None;
        }

        if (reservation() is not { } request)
        {
            return new BudgetVerdict(null, true);
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(TimeSpan.FromSeconds(options.Value.BudgetTimeoutSeconds));
        try
        {
            ReservationDecision decision = await accounting.ReserveAsync(request, timeout.Token);
            return new BudgetVerdict(decision, false);
        }
        catch (Exception e) when (e is HttpRequestException or System.Text.Json.JsonException or Polly.ExecutionRejectedException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            if (!options.Value.BudgetsFailOpen)
            {
                // Accounting may only have been slow: what it has reserved meanwhile is for a request that will not run.
                _ = ReleaseAsync(request.RequestId);
                throw new BudgetUnavailableException();
            }

            WarnOnceAMinute(e.Message);
            return new BudgetVerdict(null, true);
        }
        catch (OperationCanceledException)
        {
            // The client went away while it waited; the question may have arrived all the same.
            _ = ReleaseAsync(request.RequestId);
            throw;
        }
    }

    /// <summary>The request never ran: what was held for it is free again. A release that gets lost expires by itself.</summary>
    public async Task ReleaseAsync(string requestId)
    {
        try
        {
            await accounting.ReleaseAsync(requestId, CancellationToken.None);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or Polly.ExecutionRejectedException)
        {
            LogNotReleased(requestId, e.Message);
        }
    }

    private void WarnOnceAMinute(string reason)
    {
        long last = Interlocked.Read(ref _lastWarning);
        long now = clock.GetTimestamp();
        if ((last == 0 || clock.GetElapsedTime(last, now) > TimeSpan.FromMinutes(1)) && Interlocked.CompareExchange(ref _lastWarning, now, last) == last)
        {
            LogUnchecked(reason);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Budgets are not checked: Accounting cannot be asked ({Reason}). Inference:BudgetsFailOpen=false refuses requests instead")]
    private partial void LogUnchecked(string reason);

    [LoggerMessage(2, LogLevel.Information, "The reservation of {Request} was not released and will expire: {Reason}")]
    private partial void LogNotReleased(string request, string reason);
}

/// <summary>Budgets cannot be checked and the service is set to refuse in that case.</summary>
internal sealed class BudgetUnavailableException() : Exception("Budgets cannot be checked now, and this service is set to refuse requests in that case (Inference:BudgetsFailOpen=false). Try again shortly.");
