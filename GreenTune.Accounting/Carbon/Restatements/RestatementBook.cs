using GreenTune.Accounting.Carbon.Intensities;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Carbon.Restatements;

/// <summary>
/// Makes and lists restatements. One gives every hour and factor of its span a new factor; records keep theirs, so both figures stay, and which one is shown
/// is always said. Nothing is ever overwritten: a later restatement of the same hours supersedes an earlier one.
/// </summary>
internal sealed class RestatementBook(StoreWriter writer, IDbContextFactory<AccountingDb> contexts, CarbonPricing pricing, TimeProvider clock)
{
    public const string Latest = "latest";
    public const string Table = "table";
    public const string Stated = "stated";
    public const string Keep = "keep";

    public static readonly string[] Kinds = [Latest, Table, Stated, Keep];

    public async Task<Restatement> MakeAsync(RestatementInput input, CancellationToken cancellation)
    {
        long from = input.From.UtcTicks;
        long to = input.To.UtcTicks;
        DateTimeOffset now = clock.GetUtcNow();
        IReadOnlyDictionary<long, CarbonFactor> chain = input.Factors == Latest
            ? await pricing.ChainAsync([.. Hours(from, to)], now, cancellation)
            : new Dictionary<long, CarbonFactor>();
        (RestatementRow head, IReadOnlyList<PricedFactor> entered) = await writer.WriteAsync(Durability.Flushed, async (db, token) =>
        {
            IReadOnlyList<RecordHour> sums = await HourlyEnergy.OfRecordsAsync(db, from, to, token);
            // Hours of idle devices have a factor too, which reports of all energy use.
            List<CarbonHourRow> pinned = await db.CarbonHours.AsNoTracking().Where(row => row.HourTicks >= from && row.HourTicks < to).ToListAsync(token);
            long number = 1 + (await db.Restatements.MaxAsync(row => (long?)row.Number, token) ?? 0);
            var row = new RestatementRow
            {
                Number = number,
                Id = Guid.CreateVersion7(now),
                AtTicks = now.UtcTicks,
                By = input.By.Trim(),
                Why = input.Why.Trim(),
                FromTicks = from,
                ToTicks = to,
                Factors = input.Factors,
                Pue = input.Pue,
                MethodVersion = MethodVersions.Carbon,
            };
            // The head first: the hours refer to it.
            db.Restatements.Add(row);
            await db.SaveChangesAsync(token);
            var made = new Dictionary<(long, int), PricedFactor>();
            var factors = new Dictionary<CarbonFactor, PricedFactor>();
            foreach ((long hour, int old) in sums.Select(sum => (sum.HourTicks, sum.FactorId)).Concat(pinned.Select(pin => (pin.HourTicks, pin.FactorId))).Distinct())
            {
                CarbonFactor before = (await pricing.ByIdAsync(old, token)).Factor;
                CarbonFactor after = New(input, before, chain.GetValueOrDefault(hour));
                if (!factors.TryGetValue(after, out PricedFactor? priced))
                {
                    priced = (await pricing.EnterAsync(db, [after], token))[0];
                    factors.Add(after, priced);
                }

                made[(hour, old)] = priced;
                db.RestatedHours.Add(new RestatedHourRow { Number = number, HourTicks = hour, OldFactorId = old, NewFactorId = priced.Id });
                bool same = after.Intensity == before.Intensity && after.Pue == before.Pue;
                row.UnchangedHours += same ? 1 : 0;
                row.ChangedHours += same ? 0 : 1;
            }

            foreach (RecordHour sum in sums)
            {
                row.Joules += sum.Joules;
                row.Records += sum.Records;
                row.OriginalGrams += sum.Joules * (await pricing.ByIdAsync(sum.FactorId, token)).GramsPerJoule;
                row.RestatedGrams += sum.Joules * made[(sum.HourTicks, sum.FactorId)].GramsPerJoule;
            }

            await db.SaveChangesAsync(token);
            return (row, (IReadOnlyList<PricedFactor>)[.. factors.Values]);
        }, cancellation);
        pricing.Remember(entered);
        return View(head, []);
    }

    /// <summary>All of them, latest first.</summary>
    public async Task<IReadOnlyList<Restatement>> ListAsync(CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        List<RestatementRow> rows = await db.Restatements.AsNoTracking().OrderByDescending(row => row.Number).ToListAsync(cancellation);
        return [.. rows.Select(row => View(row, rows))];
    }

    public async Task<Restatement?> FindAsync(Guid id, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        RestatementRow? row = await db.Restatements.AsNoTracking().SingleOrDefaultAsync(candidate => candidate.Id == id, cancellation);
        if (row is null)
        {
            return null;
        }

        List<RestatementRow> later = await db.Restatements.AsNoTracking().Where(candidate => candidate.Number > row.Number).ToListAsync(cancellation);
        return View(row, later);
    }

    private CarbonFactor New(RestatementInput input, CarbonFactor before, CarbonFactor? latest)
    {
        CarbonFactor factor = input.Factors switch
        {
            Latest => latest!,
            Table => pricing.Configured,
            Stated => before with
            {
                Intensity = new GramsPerKilowattHour(input.IntensityGramsPerKwh!.Value),
                Source = input.Source!.Trim(),
                Licence = "stated in a restatement",
                Step = CarbonSteps.Stated,
                Estimated = false,
                Reason = null,
                Method = null,
                Forecast = false,
                UpdatedAt = null,
                FetchedAt = null,
                AgeSeconds = null,
                Provisional = false,
            },
            _ => before,
        };
        // Unless another is given, the PUE that was in force stays, whatever the service is set to now.
        return factor with { Pue = input.Pue ?? before.Pue, PueAssumed = input.Pue is null && before.PueAssumed, MethodVersion = MethodVersions.Carbon };
    }

    private static IEnumerable<long> Hours(long from, long to)
    {
        for (long hour = from; hour < to; hour += TimeSpan.TicksPerHour)
        {
            yield return hour;
        }
    }

    private static Restatement View(RestatementRow row, IEnumerable<RestatementRow> all) => new()
    {
        Id = row.Id,
        Number = row.Number,
        At = CarbonHours.Time(row.AtTicks),
        By = row.By,
        Why = row.Why,
        From = CarbonHours.Time(row.FromTicks),
        To = CarbonHours.Time(row.ToTicks),
        Factors = row.Factors,
        Pue = row.Pue,
        MethodVersion = row.MethodVersion,
        Joules = new Joules(row.Joules),
        Records = row.Records,
        OriginalGrams = new GramsCO2e(row.OriginalGrams),
        RestatedGrams = new GramsCO2e(row.RestatedGrams),
        ChangedHours = row.ChangedHours,
        UnchangedHours = row.UnchangedHours,
        SupersededBy = all.Where(later => later.Number > row.Number && later.FromTicks <= row.FromTicks && later.ToTicks >= row.ToTicks).MinBy(later => later.Number)?.Id,
    };
}
