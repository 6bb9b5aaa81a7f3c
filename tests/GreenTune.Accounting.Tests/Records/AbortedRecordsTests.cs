using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Tests.Records;

/// <summary>Records of requests whose process was killed, and what a record says of the prefix cache.</summary>
public sealed class AbortedRecordsTests
{
    [Theory]
    [OnEveryStore]
    public async Task An_aborted_record_is_stored_listed_and_counted_as_failed(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        RequestRecord aborted = Samples.Record("chatcmpl-aborted", joules: null) with { Outcome = RequestOutcome.Aborted, FinishReason = "aborted", OutputTokens = 0 };
        Assert.Equal(2, (await host.StoreAsync(aborted, Samples.Record("chatcmpl-plain") with { CachedInputTokens = 3 })).Stored);
        RecordView view = Assert.Single((await host.GetAsync<Page<RecordView>>("/api/records?outcome=aborted")).Items);
        Assert.Equal(("chatcmpl-aborted", RequestOutcome.Aborted, EnergyQuality.None, null), (view.Record.Id, view.Record.Outcome, view.Record.Energy.Quality, view.Record.CachedInputTokens));
        Assert.Equal(3, (await host.GetAsync<RecordView>("/api/records/chatcmpl-plain")).Record.CachedInputTokens);
        Summary summary = await host.GetAsync<Summary>("/api/summary?period=today");
        Assert.Equal((2, 1, 0, 1), (summary.Requests, summary.Failed, summary.Cancelled, summary.Unmetered));
        // Twice told is once stored, whatever it says the second time.
        IngestResult again = await host.StoreAsync(aborted with { Outcome = RequestOutcome.Completed });
        Assert.Equal((0, 1), (again.Stored, again.Duplicates));
        Assert.Equal(RequestOutcome.Aborted, (await host.GetAsync<RecordView>("/api/records/chatcmpl-aborted")).Record.Outcome);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(100_000)]
    public async Task More_cached_tokens_than_there_are_is_refused(int cached)
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        IngestResult result = await host.StoreAsync(Samples.Record("chatcmpl-cached") with { CachedInputTokens = cached });
        Assert.Contains("cachedInputTokens", Assert.Single(result.Refused).Reason, StringComparison.Ordinal);
    }
}
