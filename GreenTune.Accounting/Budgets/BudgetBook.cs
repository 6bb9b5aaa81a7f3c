using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Store;
using GreenTune.Accounting.Telemetry;
using GreenTune.Core.Budgets;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Budgets;

/// <summary>
/// Reserves before a request runs and settles when its record arrives (design section 4.7). Every decision is taken inside a write, of which there is one
/// at a time, so that what is settled and reserved never passes a blocking limit by what was reserved.
/// </summary>
internal sealed class BudgetBook(
    StoreWriter writer, IDbContextFactory<AccountingDb> contexts, CarbonPricing pricing, UsageLedger ledger, BudgetSignals signals,
    AccountingTelemetry telemetry, IOptions<AccountingOptions> options, TimeProvider clock)
{
    /// <summary>Requests in flight settle within seconds; asking more often than this gains nothing.</summary>
    public const long InFlightRetrySeconds = 5;

    private readonly TimeZoneInfo _zone = options.Value.Zone;
    private readonly TimeSpan _lifetime = TimeSpan.FromMinutes(options.Value.ReservationMinutes);

    private sealed record Decision(ReservationDecision Answer, BudgetAction? Action = null, Guid? Changed = null);

    /// <summary>Where a budget stands: its window, what is settled and what is held.</summary>
    private sealed record Standing(DayWindow Window, Interval Settled, EnergyQuality Quality, BudgetPosition Position);

    public async Task<ReservationDecision> ReserveAsync(ReservationRequest request, CancellationToken cancellation)
    {
        await using (AccountingDb db = await contexts.CreateDbContextAsync(cancellation))
        {
            if (!await db.Budgets.AnyAsync(budget => budget.Tenant == request.Tenant, cancellation))
            {
                return Unbudgeted(request);
            }
        }

        Decision decision = await writer.WriteAsync(Durability.Relaxed, (db, token) => DecideAsync(db, request, token), cancellation);
        if (decision.Action is { } action)
        {
            telemetry.Decided(action, decision.Answer.BudgetId!.Value);
        }

        if (decision.Changed is { } changed)
        {
            signals.Changed([changed]);
        }

        return decision.Answer;
    }

    /// <summary>Gives back what a request that never ran had reserved; nothing happens when there is no reservation.</summary>
    public async Task ReleaseAsync(string requestId, CancellationToken cancellation)
    {
        Guid? changed = await writer.WriteAsync(Durability.Relaxed, async (db, token) =>
        {
            if (await db.Reservations.SingleOrDefaultAsync(row => row.RequestId == requestId, token) is not { } reservation)
            {
                return null;
            }

            db.Reservations.Remove(reservation);
            await db.SaveChangesAsync(token);
            return await db.Budgets.Where(budget => budget.Tenant == reservation.Tenant).Select(budget => (Guid?)budget.Id).SingleOrDefaultAsync(token);
        }, cancellation);
        if (changed is { } budget)
        {
            signals.Changed([budget]);
        }
    }

    /// <summary>
    /// Within an ingest, after its records were saved: drops the reservations of the requests that reported back, and gives notice where a threshold
    /// has been reached.
    /// </summary>
    /// <returns>Budgets whose standing changed.</returns>
    public async Task<IReadOnlyCollection<Guid>> SettleAsync(AccountingDb db, IReadOnlyCollection<RecordRow> records, DateTimeOffset now, CancellationToken cancellation)
    {
        string[] tenants = [.. records.Select(record => record.Tenant).Distinct()];
        if (await db.Reservations.AnyAsync(reservation => tenants.Contains(reservation.Tenant), cancellation))
        {
            string[] ids = [.. records.Select(record => record.Id)];
            await db.Reservations.Where(reservation => ids.Contains(reservation.RequestId)).ExecuteDeleteAsync(cancellation);
        }

        List<BudgetRow> budgets = await db.Budgets.AsNoTracking().Where(budget => tenants.Contains(budget.Tenant)).ToListAsync(cancellation);
        bool noticed = false;
        foreach (BudgetRow row in budgets.Where(budget => !budget.Paused))
        {
            Budget budget = BudgetMapping.ToBudget(row);
            Standing standing = await StandingAsync(db, budget, now, false, cancellation);
            double fraction = standing.Position.Used / budget.Limit;
            if (budget.Thresholds.Where(threshold => threshold.Action == BudgetAction.Notify && threshold.Fraction <= fraction).MaxBy(threshold => threshold.Fraction) is { } reached)
            {
                noticed |= await DecisionLog.AddNoticeAsync(db, row, reached, BudgetDecider.NotifyEffect(reached), BudgetDecider.UsedInWords(budget, standing.Position.Used), null, standing.Window, now, cancellation);
            }
        }

        if (noticed)
        {
            await db.SaveChangesAsync(cancellation);
        }

        return [.. budgets.Select(budget => budget.Id)];
    }

    public async Task<BudgetStatus> StatusAsync(AccountingDb db, BudgetRow row, CancellationToken cancellation)
    {
        Budget budget = BudgetMapping.ToBudget(row);
        Standing standing = await StandingAsync(db, budget, clock.GetUtcNow(), false, cancellation);
        double fraction = standing.Position.Used / budget.Limit;
        return new BudgetStatus
        {
            Budget = budget,
            Used = standing.Settled,
            Reserved = standing.Position.Reserved,
            Left = Math.Max(0, budget.Limit - standing.Position.Used),
            Fraction = fraction,
            State = BudgetDecider.StateOf(budget, fraction, row.LastActionWindowTicks == standing.Window.Start.UtcTicks ? row.LastAction : null),
            Quality = standing.Quality,
            WindowStart = standing.Window.Start,
            ResetsAt = standing.Window.End,
        };
    }

    /// <summary>The window of a budget now.</summary>
    public DayWindow WindowNow() => DayWindow.At(clock.GetUtcNow(), _zone);

    private static ReservationDecision Unbudgeted(ReservationRequest request) => new() { Allowed = true, ConfigurationId = request.Wanted.ConfigurationId };

    private async Task<Decision> DecideAsync(AccountingDb db, ReservationRequest request, CancellationToken cancellation)
    {
        DateTimeOffset now = clock.GetUtcNow();
        BudgetRow? row = await db.Budgets.SingleOrDefaultAsync(budget => budget.Tenant == request.Tenant, cancellation);
        // A record that is there already has settled its request; a reservation now would never be taken away.
        if (row is null || await db.Records.AnyAsync(record => record.Id == request.RequestId, cancellation))
        {
            return new Decision(Unbudgeted(request));
        }

        Budget budget = BudgetMapping.ToBudget(row);
        Standing standing = await StandingAsync(db, budget, now, true, cancellation);
        if (await db.Reservations.SingleOrDefaultAsync(reservation => reservation.RequestId == request.RequestId && reservation.ExpiresTicks > now.UtcTicks, cancellation) is { } held)
        {
            return new Decision(Answer(budget, standing, held.Action, held.ConfigurationId, standing.Position.Used, held.Message, null));
        }

        BudgetOutcome outcome = BudgetDecider.Decide(budget, standing.Position, request.Wanted, request.Alternatives);
        double used = standing.Position.Used + outcome.Reserve;
        long? retry = outcome.Allowed ? null : outcome.FreesWhenSettled ? InFlightRetrySeconds : SecondsUntil(standing.Window.End, now);
        string? message = Message(budget, standing, request, outcome, used);
        if (outcome.Allowed)
        {
            await db.Reservations.Where(reservation => reservation.RequestId == request.RequestId).ExecuteDeleteAsync(cancellation);
            db.Reservations.Add(new ReservationRow
            {
                RequestId = request.RequestId,
                Tenant = request.Tenant,
                ReservedTicks = now.UtcTicks,
                ExpiresTicks = (now + _lifetime).UtcTicks,
                UpperJoules = outcome.Serve.UpperJoules,
                ConfigurationId = outcome.Serve.ConfigurationId,
                Action = outcome.Action,
                Message = message,
            });
        }

        if (row.LastAction != outcome.Action || row.LastActionWindowTicks != standing.Window.Start.UtcTicks)
        {
            row.LastAction = outcome.Action;
            row.LastActionWindowTicks = standing.Window.Start.UtcTicks;
        }

        string? effect = retry is { } seconds ? FormattableString.Invariant($"{outcome.Effect}, Retry-After {seconds} s") : outcome.Effect;
        await DecisionLog.AddOutcomeAsync(db, row, outcome, effect ?? "", request.RequestId, standing.Window, now, cancellation);
        await db.SaveChangesAsync(cancellation);
        return new Decision(Answer(budget, standing, outcome.Action, outcome.Serve.ConfigurationId, used, message, retry), outcome.Action, budget.Id);
    }

    private async Task<Standing> StandingAsync(AccountingDb db, Budget budget, DateTimeOffset now, bool keep, CancellationToken cancellation)
    {
        DayWindow window = DayWindow.At(now, _zone);
        Usage usage = keep
            ? await ledger.KeepAsync(db, budget.Tenant, window, cancellation)
            : await ledger.ReadAsync(db, budget.Tenant, window, cancellation);
        // What was reserved before midnight will be settled in the day in which it started.
        long start = window.Start.UtcTicks;
        double held = await db.Reservations
            .Where(reservation => reservation.Tenant == budget.Tenant && reservation.ExpiresTicks > now.UtcTicks && reservation.ReservedTicks >= start)
            .SumAsync(reservation => reservation.UpperJoules, cancellation);
        double perJoule = BudgetQuantities.PerJoule(budget.Quantity, pricing.InForce.GramsPerJoule);
        Interval settled = usage.In(budget.Quantity);
        return new Standing(window, settled, usage.Quality, new BudgetPosition(settled.Value, held * perJoule, perJoule));
    }

    private static ReservationDecision Answer(
        Budget budget, Standing standing, BudgetAction? action, string configurationId, double used, string? message, long? retryAfterSeconds) => new()
        {
            Action = action,
            Allowed = action != BudgetAction.Block,
            ConfigurationId = configurationId,
            BudgetId = budget.Id,
            BudgetName = budget.Name,
            Quantity = budget.Quantity,
            Left = Math.Max(0, budget.Limit - used),
            Fraction = used / budget.Limit,
            ResetsAt = standing.Window.End,
            RetryAfterSeconds = retryAfterSeconds,
            Message = message,
        };

    private static string? Message(Budget budget, Standing standing, ReservationRequest request, BudgetOutcome outcome, double used)
    {
        string resets = FormattableString.Invariant($"it resets at {standing.Window.End:yyyy-MM-dd'T'HH:mm:sszzz}");
        return outcome.Action switch
        {
            BudgetAction.Block when outcome.FreesWhenSettled => $"The budget \"{budget.Name}\" of {budget.Tenant} is held by requests in flight: {BudgetDecider.UsedInWords(budget, used)}; try again shortly, {resets}.",
            BudgetAction.Block => $"The budget \"{budget.Name}\" of {budget.Tenant} has no room for this request: {BudgetDecider.UsedInWords(budget, used)}; {resets}.",
            BudgetAction.Degrade => $"The budget \"{budget.Name}\" of {budget.Tenant} is {BudgetQuantities.Percent(used / budget.Limit)} used, so {outcome.Serve.ConfigurationId} answers instead of {request.Wanted.ConfigurationId}.",
            BudgetAction.Notify => $"The budget \"{budget.Name}\" of {budget.Tenant} is {BudgetQuantities.Percent(used / budget.Limit)} used: {outcome.Effect}.",
            _ => null,
        };
    }

    private static long SecondsUntil(DateTimeOffset end, DateTimeOffset now) => Math.Max(1, (long)Math.Ceiling((end - now).TotalSeconds));
}
