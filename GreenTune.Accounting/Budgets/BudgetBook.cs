using GreenTune.Accounting.Carbon;
using GreenTune.Accounting.Records;
using GreenTune.Accounting.Store;
using GreenTune.Accounting.Telemetry;
using GreenTune.Accounting.Webhooks;
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
    WebhookOutbox webhooks, AccountingTelemetry telemetry, IOptions<AccountingOptions> options, TimeProvider clock)
{
    /// <summary>Requests in flight settle within seconds; asking more often than this gains nothing.</summary>
    public const long InFlightRetrySeconds = 5;

    private readonly TimeZoneInfo _zone = options.Value.Zone;
    private readonly TimeSpan _lifetime = TimeSpan.FromMinutes(options.Value.ReservationMinutes);

    private sealed record Decision(ReservationDecision Answer, IReadOnlyList<(Guid Budget, BudgetAction Action)> Actions, IReadOnlyCollection<Guid> Changed, bool Queued = false);

    /// <summary>Where a budget stands: its window, what is settled and what is held.</summary>
    private sealed record Standing(Budget Budget, BudgetWindow Window, Usage Usage, Interval Settled, BudgetPosition Position)
    {
        public BudgetEntry Entry => new(Budget, Position);
    }

    public async Task<ReservationDecision> ReserveAsync(ReservationRequest request, CancellationToken cancellation)
    {
        await using (AccountingDb db = await contexts.CreateDbContextAsync(cancellation))
        {
            if (!await db.Budgets.AnyAsync(budget => budget.Tenant == request.Tenant || budget.Tenant == "", cancellation))
            {
                return Unbudgeted(request);
            }
        }

        Decision decision = await writer.WriteAsync(Durability.Relaxed, (db, token) => DecideAsync(db, request, token), cancellation);
        foreach ((Guid budget, BudgetAction action) in decision.Actions)
        {
            telemetry.Decided(action, budget);
        }

        signals.Changed(decision.Changed);
        if (decision.Queued)
        {
            webhooks.Wake();
        }

        return decision.Answer;
    }

    /// <summary>Gives back what a request that never ran had reserved; nothing happens when there is no reservation.</summary>
    public async Task ReleaseAsync(string requestId, CancellationToken cancellation)
    {
        IReadOnlyCollection<Guid> changed = await writer.WriteAsync<IReadOnlyCollection<Guid>>(Durability.Relaxed, async (db, token) =>
        {
            if (await db.Reservations.SingleOrDefaultAsync(row => row.RequestId == requestId, token) is not { } reservation)
            {
                return [];
            }

            db.Reservations.Remove(reservation);
            await db.SaveChangesAsync(token);
            return [.. (await BudgetsOfAsync(db, [reservation.Tenant], token)).Where(budget => BudgetScopes.CountsTenant(budget, reservation.Tenant, reservation.Session)).Select(budget => budget.Id)];
        }, cancellation);
        signals.Changed(changed);
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

        var touched = new List<Guid>();
        foreach (Budget budget in await BudgetsOfAsync(db, tenants, cancellation))
        {
            UsageScope scope = UsageScope.Of(budget);
            if (records.FirstOrDefault(scope.Counts) is not { } one)
            {
                continue;
            }

            touched.Add(budget.Id);
            if (budget.Paused || !budget.Thresholds.Any(threshold => threshold.Action == BudgetAction.Notify))
            {
                continue;
            }

            Standing standing = await StandingAsync(db, budget, now, false, cancellation);
            double fraction = standing.Position.Used / budget.Limit;
            if (budget.Thresholds.Where(threshold => threshold.Action == BudgetAction.Notify && threshold.Fraction <= fraction).MaxBy(threshold => threshold.Fraction) is { } reached
                && await DecisionLog.AddNoticeAsync(db, budget, reached, BudgetDecider.NotifyEffect(reached), BudgetDecider.UsedInWords(budget, standing.Position.Used), one.Tenant, null, standing.Window, now, cancellation) is { } line)
            {
                await WebhookOutbox.QueueAsync(db, budget, line, fraction, ResetsAt(standing), now, cancellation);
                webhooks.Wake();
            }
        }

        await db.SaveChangesAsync(cancellation);
        return touched;
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
            Quality = standing.Usage.Quality,
            WindowStart = standing.Window.Start,
            ResetsAt = ResetsAt(standing),
        };
    }

    /// <summary>The window of a budget at a moment.</summary>
    public BudgetWindow WindowOf(Budget budget, DateTimeOffset at) => BudgetWindow.At(budget.Period, budget.Window, BudgetZones.Of(budget, _zone), at);

    private static ReservationDecision Unbudgeted(ReservationRequest request) => new() { Allowed = true, ConfigurationId = request.Wanted.ConfigurationId };

    private static Decision Unconcerned(ReservationRequest request) => new(Unbudgeted(request), [], []);

    /// <summary>Budgets that may count requests of these tenants.</summary>
    private static async Task<IReadOnlyList<Budget>> BudgetsOfAsync(AccountingDb db, string[] tenants, CancellationToken cancellation) =>
        [.. (await db.Budgets.AsNoTracking().Where(budget => budget.Tenant == "" || tenants.Contains(budget.Tenant)).OrderBy(budget => budget.CreatedTicks).ToListAsync(cancellation)).Select(BudgetMapping.ToBudget)];

    private async Task<Decision> DecideAsync(AccountingDb db, ReservationRequest request, CancellationToken cancellation)
    {
        DateTimeOffset now = clock.GetUtcNow();
        PredictedCost[] offered = [request.Wanted, .. request.Alternatives];
        List<BudgetRow> rows = await db.Budgets.Where(budget => budget.Tenant == request.Tenant || budget.Tenant == "").OrderBy(budget => budget.CreatedTicks).ToListAsync(cancellation);
        (BudgetRow Row, Budget Budget)[] those = [.. rows.Select(row => (Row: row, Budget: BudgetMapping.ToBudget(row)))
            .Where(pair => BudgetScopes.CountsTenant(pair.Budget, request.Tenant, request.Session)
                && offered.Any(cost => BudgetScopes.CountsConfiguration(pair.Budget, cost.ConfigurationId)))];
        // A record that is there already has settled its request; a reservation now would never be taken away.
        if (those.Length == 0 || await db.Records.AnyAsync(record => record.Id == request.RequestId, cancellation))
        {
            return Unconcerned(request);
        }

        var standings = new List<Standing>(those.Length);
        foreach ((_, Budget budget) in those)
        {
            standings.Add(await StandingAsync(db, budget, now, true, cancellation));
        }

        if (await db.Reservations.SingleOrDefaultAsync(reservation => reservation.RequestId == request.RequestId && reservation.ExpiresTicks > now.UtcTicks, cancellation) is { } held)
        {
            Standing told = standings.Find(standing => standing.Budget.Id == held.BudgetId) ?? standings[0];
            return new Decision(Answer(told, held.Action, held.ConfigurationId, told.Position.Used, ResetsAt(told), held.Message, null), [], []);
        }

        SeveralOutcome outcome = SeveralBudgets.Decide([.. standings.Select(standing => standing.Entry)], request.Wanted, request.Alternatives);
        int index = outcome.Decisive!.Value;
        Standing decisive = standings[index];
        BudgetOutcome own = outcome.Each[index];
        double used = decisive.Position.Used + own.Reserve;
        DateTimeOffset resets = outcome.Allowed ? ResetsAt(decisive) : RoomAt(decisive, request);
        long? retry = outcome.Allowed ? null : own.FreesWhenSettled ? InFlightRetrySeconds : SecondsUntil(resets, now);
        string? message = Message(decisive, request, own, used, resets);
        if (outcome.Allowed)
        {
            await db.Reservations.Where(reservation => reservation.RequestId == request.RequestId).ExecuteDeleteAsync(cancellation);
            db.Reservations.Add(new ReservationRow
            {
                RequestId = request.RequestId,
                Tenant = request.Tenant,
                Session = request.Session,
                ReservedTicks = now.UtcTicks,
                ExpiresTicks = (now + _lifetime).UtcTicks,
                UpperJoules = outcome.Serve.UpperJoules,
                ConfigurationId = outcome.Serve.ConfigurationId,
                Action = outcome.Action,
                Message = message,
                BudgetId = decisive.Budget.Id,
            });
        }

        var actions = new List<(Guid, BudgetAction)>();
        bool queued = false;
        for (int i = 0; i < standings.Count; i++)
        {
            queued |= await LogAsync(db, those[i].Row, standings[i], outcome.Each[i], i == index, request, now, actions, cancellation);
        }

        await db.SaveChangesAsync(cancellation);
        return new Decision(
            Answer(decisive, outcome.Action, outcome.Serve.ConfigurationId, used, resets, message, retry), actions, [.. standings.Select(standing => standing.Budget.Id)], queued);
    }

    /// <summary>Notes what one budget did with a request: in its state, in the log, for its webhooks.</summary>
    /// <returns>Whether something is to be sent.</returns>
    private static async Task<bool> LogAsync(
        AccountingDb db, BudgetRow row, Standing standing, BudgetOutcome outcome, bool decisive, ReservationRequest request, DateTimeOffset now, List<(Guid, BudgetAction)> actions, CancellationToken cancellation)
    {
        if (row.LastAction != outcome.Action || row.LastActionWindowTicks != standing.Window.Start.UtcTicks)
        {
            row.LastAction = outcome.Action;
            row.LastActionWindowTicks = standing.Window.Start.UtcTicks;
        }

        // A request that several budgets refuse is one refused request: the one that its client was told of has the line.
        if (outcome.Action is not { } action || (action == BudgetAction.Block && !decisive))
        {
            return false;
        }

        actions.Add((standing.Budget.Id, action));
        long? retry = outcome.Allowed ? null : outcome.FreesWhenSettled ? InFlightRetrySeconds : SecondsUntil(RoomAt(standing, request), now);
        string? effect = retry is { } seconds ? FormattableString.Invariant($"{outcome.Effect}, Retry-After {seconds} s") : outcome.Effect;
        DecisionRow? line = await DecisionLog.AddOutcomeAsync(db, standing.Budget, outcome, effect ?? "", request.Tenant, request.RequestId, standing.Window, now, cancellation);
        double fraction = (standing.Position.Used + outcome.Reserve) / standing.Budget.Limit;
        return line is not null && await WebhookOutbox.QueueAsync(db, standing.Budget, line, fraction, ResetsAt(standing), now, cancellation);
    }

    private async Task<Standing> StandingAsync(AccountingDb db, Budget budget, DateTimeOffset now, bool keep, CancellationToken cancellation)
    {
        BudgetWindow window = WindowOf(budget, now);
        UsageScope scope = UsageScope.Of(budget);
        Usage usage = keep
            ? await ledger.KeepAsync(db, scope, window, cancellation)
            : await ledger.ReadAsync(db, scope, window, cancellation);
        // What was reserved before the window began will be settled in the one in which it started.
        long start = window.Start.UtcTicks;
        double held = await scope.Of(db.Reservations)
            .Where(reservation => reservation.ExpiresTicks > now.UtcTicks && reservation.ReservedTicks >= start)
            .SumAsync(reservation => reservation.UpperJoules, cancellation);
        double perJoule = BudgetQuantities.PerJoule(budget.Quantity, pricing.InForce.GramsPerJoule);
        Interval settled = usage.In(budget.Quantity);
        return new Standing(budget, window, usage, settled, new BudgetPosition(settled.Value, held * perJoule, perJoule));
    }

    /// <summary>The calendar window's end; for a rolling one when the last of what is used has left it.</summary>
    private static DateTimeOffset ResetsAt(Standing standing) => standing.Budget.Window == BudgetWindowKind.Rolling && standing.Usage.Parts.Count > 0
        ? Leaves(standing.Budget, standing.Usage.Parts.Max(part => part.Part.EndTicks))
        : standing.Window.End;

    /// <summary>When the window has room for a refused request again, as far as what is settled decides it.</summary>
    private static DateTimeOffset RoomAt(Standing standing, ReservationRequest request)
    {
        if (standing.Budget.Window == BudgetWindowKind.Calendar)
        {
            return standing.Window.End;
        }

        double needed = request.Alternatives.Append(request.Wanted).Min(cost => BudgetDecider.Cost(standing.Budget, standing.Position, cost));
        double left = standing.Settled.Value, ceiling = BudgetDecider.Ceiling(standing.Budget);
        foreach ((long end, double amount) in standing.Usage.BySlice(standing.Budget.Quantity))
        {
            left -= amount;
            if (left + needed <= ceiling)
            {
                return Leaves(standing.Budget, end);
            }
        }

        return ResetsAt(standing);
    }

    private static DateTimeOffset Leaves(Budget budget, long sliceEnd) => RecordMapping.Time(sliceEnd) + BudgetWindow.LengthOf(budget.Period);

    private static ReservationDecision Answer(
        Standing standing, BudgetAction? action, string configurationId, double used, DateTimeOffset resets, string? message, long? retryAfterSeconds) => new()
        {
            Action = action,
            Allowed = action != BudgetAction.Block,
            ConfigurationId = configurationId,
            BudgetId = standing.Budget.Id,
            BudgetName = standing.Budget.Name,
            Quantity = standing.Budget.Quantity,
            Left = Math.Max(0, standing.Budget.Limit - used),
            Fraction = used / standing.Budget.Limit,
            ResetsAt = resets,
            RetryAfterSeconds = retryAfterSeconds,
            Message = message,
        };

    private static string? Message(Standing standing, ReservationRequest request, BudgetOutcome outcome, double used, DateTimeOffset resets)
    {
        Budget budget = standing.Budget;
        string name = $"The budget \"{budget.Name}\" of {BudgetScopes.InWords(budget)}";
        string when = budget.Window == BudgetWindowKind.Rolling
            ? FormattableString.Invariant($"it has room for this request at {resets:yyyy-MM-dd'T'HH:mm:sszzz}")
            : FormattableString.Invariant($"it resets at {resets:yyyy-MM-dd'T'HH:mm:sszzz}");
        return outcome.Action switch
        {
            BudgetAction.Block when outcome.FreesWhenSettled => $"{name} is held by requests in flight: {BudgetDecider.UsedInWords(budget, used)}; try again shortly, {when}.",
            BudgetAction.Block => $"{name} has no room for this request: {BudgetDecider.UsedInWords(budget, used)}, {BudgetQuantities.InWords(Math.Max(0, budget.Limit - used), budget.Quantity)} left; {when}.",
            BudgetAction.Degrade => $"{name} is {BudgetQuantities.Percent(used / budget.Limit)} used, so {outcome.Serve.ConfigurationId} answers instead of {request.Wanted.ConfigurationId}.",
            BudgetAction.Notify => $"{name} is {BudgetQuantities.Percent(used / budget.Limit)} used: {outcome.Effect}.",
            _ => null,
        };
    }

    private static long SecondsUntil(DateTimeOffset end, DateTimeOffset now) => Math.Max(1, (long)Math.Ceiling((end - now).TotalSeconds));
}
