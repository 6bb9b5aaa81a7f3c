using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Records;
using GreenTune.Dashboard.Tests.FakeBackend;

namespace GreenTune.Dashboard.Tests.Records;

public sealed class RecordListTests
{
    private readonly RecordList _list = new(3);

    [Fact]
    public void New_records_join_at_the_top_and_the_oldest_leave()
    {
        _list.Reset([Record("a", 1), Record("b", 2), Record("c", 3)]);
        Assert.True(_list.Arrive(Record("d", 4)));
        Assert.Equal(["d", "c", "b"], Ids);
    }

    [Fact]
    public void Records_that_arrive_out_of_order_are_put_where_they_belong()
    {
        _list.Reset([Record("a", 1), Record("c", 3)]);
        _list.Arrive(Record("b", 2));
        Assert.Equal(["c", "b", "a"], Ids);
    }

    [Fact]
    public void One_older_than_all_of_a_full_list_changes_nothing()
    {
        _list.Reset([Record("b", 2), Record("c", 3), Record("d", 4)]);
        Assert.False(_list.Arrive(Record("a", 1)));
        Assert.Equal(["d", "c", "b"], Ids);
    }

    [Fact]
    public void A_known_record_takes_its_own_place_once()
    {
        _list.Reset([Record("a", 1, 10), Record("b", 2)]);
        Assert.True(_list.Arrive(Record("a", 1, 99)));
        Assert.Equal(["b", "a"], Ids);
        Assert.Equal(99, _list.Items[1].Record.OutputTokens);
    }

    [Fact]
    public void While_it_is_read_it_holds_still_and_shows_everything_afterwards()
    {
        _list.Reset([Record("a", 1), Record("b", 2)]);
        _list.Pause();
        _list.Arrive(Record("c", 3));
        _list.Arrive(Record("c", 3));
        _list.Arrive(Record("d", 4));
        Assert.Equal(["b", "a"], Ids);
        Assert.Equal(2, _list.Waiting);
        _list.Arrive(Record("a", 1, 99));
        Assert.Equal(99, _list.Items[1].Record.OutputTokens);
        _list.Resume();
        Assert.Equal(["d", "c", "b"], Ids);
        Assert.Equal(0, _list.Waiting);
    }

    private IEnumerable<string> Ids => _list.Items.Select(r => r.Record.Id);

    private static RecordView Record(string id, int seconds, int outputTokens = 10) => SampleRecords.Make(
        id, SampleWorld.Morning.AddSeconds(seconds), "t", SampleConfiguration.All[0], null, RequestOutcome.Completed, 5, outputTokens);
}
