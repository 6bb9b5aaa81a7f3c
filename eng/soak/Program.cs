using System.CommandLine;
using GreenTune.Soak;

var store = new Option<string>("--store") { Description = "sqlite; postgres, which starts a throw-away server; or the connection string of an empty PostgreSQL database", DefaultValueFactory = _ => "sqlite" };

var rate = new Option<double>("--rate") { Description = "Records a second that are offered", DefaultValueFactory = _ => 10_000 };
var seconds = new Option<double>("--seconds") { Description = "For how long", DefaultValueFactory = _ => 60 };
var batch = new Option<int>("--batch") { Description = "Records in a batch, at most 1000", DefaultValueFactory = _ => 1000 };
var senders = new Option<int>("--senders") { Description = "Batches under way at once", DefaultValueFactory = _ => 4 };
var points = new Option<int>("--trace-points") { Description = "Points of each record's power trace, at most 240", DefaultValueFactory = _ => 0 };
var ingest = new Command("ingest", "A steady stream of records into a service of its own: rate, processor time, size") { store, rate, seconds, batch, senders, points };
ingest.SetAction((parsed, cancellation) => IngestRun.RunAsync(
    parsed.GetValue(store)!, parsed.GetValue(rate), parsed.GetValue(seconds), parsed.GetValue(batch), parsed.GetValue(senders), parsed.GetValue(points), Console.Out, cancellation));

var records = new Option<long>("--records") { Description = "Records, spread over 30 days", DefaultValueFactory = _ => 10_000_000 };
var calls = new Option<int>("--calls") { Description = "Calls of each query", DefaultValueFactory = _ => 100 };
var folder = new Option<string?>("--folder") { Description = "Keeps SQLite's file here, and asks it as it is when it holds records already; without it the books are gone at the end" };
var query = new Command("query", "Fills the books and times summaries and pages") { store, records, calls, folder };
query.SetAction((parsed, cancellation) => QueryRun.RunAsync(parsed.GetValue(store)!, parsed.GetValue(records), parsed.GetValue(calls), parsed.GetValue(folder), Console.Out, cancellation));

var trials = new Option<int>("--trials") { Description = "Kills", DefaultValueFactory = _ => 200 };
var seed = new Option<int>("--seed") { Description = "Of the random moments", DefaultValueFactory = _ => 1 };
var what = new Option<string>("--what") { Description = "accounting or inference", DefaultValueFactory = _ => "accounting" };
what.AcceptOnlyFromAmong("accounting", "inference");
var models = new Option<string?>("--models") { Description = "Folder of built models, so that Inference need not build them" };
var kill = new Command("kill", "Kills a service at random moments: no record lost, none twice, no reservation left behind") { store, what, trials, seed, models };
kill.SetAction(async (parsed, cancellation) =>
{
    await using Books books = await Books.OpenAsync(parsed.GetValue(store)!, null);
    bool killInference = parsed.GetValue(what) == "inference";
    await using var accounting = new ServiceProcess(Programs.Accounting, books.Environment(killInference ? [InferenceKills.ShortReservations] : []));
    static void Progress(int done)
    {
        if (done % 20 == 0)
        {
            Console.Out.WriteLine(FormattableString.Invariant($"{done} kills"));
        }
    }

    KillResult result;
    if (killInference)
    {
        var environment = new Dictionary<string, string>
        {
            ["GREENTUNE_DATA"] = books.Folder,
            ["services__accounting__http__0"] = accounting.Address.ToString(),
            ["Inference__Device"] = "cpu",
        };
        if (parsed.GetValue(models) is { } built)
        {
            environment["Models__CacheFolder"] = Path.GetFullPath(built);
        }

        await using var inference = new ServiceProcess(Programs.Inference, environment);
        result = await InferenceKills.RunAsync(accounting, inference, parsed.GetValue(trials), parsed.GetValue(seed), Progress, cancellation);
    }
    else
    {
        result = await AccountingKills.RunAsync(accounting, parsed.GetValue(trials), parsed.GetValue(seed), Progress, cancellation);
    }

    Console.Out.WriteLine(FormattableString.Invariant($"{IngestRun.Name(parsed.GetValue(store)!)}, {parsed.GetValue(what)} killed {result.Kills} times, {result.Acknowledged} {(killInference ? "requests begun" : "records acknowledged")}: {(result.Problems.Count == 0 ? "none lost, none twice, nothing left reserved" : string.Join("; ", result.Problems))}"));
    return result.Problems.Count == 0 ? 0 : 1;
});

return await new RootCommand("What the books must hold out. Nothing else should run on the machine meanwhile.") { ingest, query, kill }.Parse(args).InvokeAsync();
