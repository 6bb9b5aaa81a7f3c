using GreenTune.Accounting.Store;
using GreenTune.Accounting.Tests.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Tests.Store;

/// <summary>Items are numbers, a result is the number and the size of the group it went with.</summary>
public sealed class GroupWriterTests : IAsyncLifetime
{
    private const int Unwritable = 13;

    private readonly List<IReadOnlyList<int>> _groups = [];
    private AccountingHost _host = null!;
    private StoreWriter _writer = null!;
    private GroupWriter<int, (int Item, int Together)> _group = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await AccountingHost.StartAsync();
        _writer = _host.Get<StoreWriter>();
        _group = Group(Write);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task What_waits_while_another_writes_goes_together_up_to_the_limit()
    {
        Task<(int, int)>[] results;
        await using (await TurnAsync())
        {
            results = [.. Enumerable.Range(1, 5).Select(item => _group.WriteAsync(item, CancellationToken.None))];
        }

        Assert.Equal(new[] { (1, 3), (2, 3), (3, 3), (4, 2), (5, 2) }, await Task.WhenAll(results));
        Assert.Equal([[1, 2, 3], [4, 5]], _groups);
        await AssertStoredAsync([1, 2, 3, 4, 5]);
    }

    [Fact]
    public async Task One_after_the_other_each_is_written_at_once()
    {
        Assert.Equal((1, 1), await _group.WriteAsync(1, CancellationToken.None));
        Assert.Equal((2, 1), await _group.WriteAsync(2, CancellationToken.None));
        Assert.Equal([[1], [2]], _groups);
    }

    [Fact]
    public async Task One_that_cannot_be_written_fails_alone()
    {
        Task<(int, int)>[] results;
        await using (await TurnAsync())
        {
            results = [.. ((int[])[1, Unwritable, 3]).Select(item => _group.WriteAsync(item, CancellationToken.None))];
        }

        Assert.Equal((1, 1), await results[0]);
        Assert.Equal("13 cannot be written.", (await Assert.ThrowsAsync<InvalidOperationException>(() => results[1])).Message);
        Assert.Equal((3, 1), await results[2]);
        await AssertStoredAsync([1, 3]);
        Assert.Equal((4, 1), await _group.WriteAsync(4, CancellationToken.None));
    }

    [Fact]
    public async Task A_full_disk_is_heard_by_all_of_a_group_and_nothing_of_it_is_stored()
    {
        bool full = true;
        _group = Group((db, items, token) => full ? throw new SqliteException("disk full", 13) : Write(db, items, token));
        Task<(int, int)>[] results;
        await using (await TurnAsync())
        {
            results = [.. Enumerable.Range(1, 3).Select(item => _group.WriteAsync(item, CancellationToken.None))];
        }

        foreach (Task<(int, int)> result in results)
        {
            Assert.Equal("The disk that holds the database is full.", (await Assert.ThrowsAsync<StoreUnavailableException>(() => result)).Message);
        }

        full = false;
        Assert.Equal((4, 1), await _group.WriteAsync(4, CancellationToken.None));
        await AssertStoredAsync([4]);
    }

    [Fact]
    public async Task Who_goes_away_while_waiting_takes_nobody_along()
    {
        using var leader = new CancellationTokenSource();
        using var follower = new CancellationTokenSource();
        Task<(int, int)> first, second, third;
        await using (await TurnAsync())
        {
            first = _group.WriteAsync(1, leader.Token);
            second = _group.WriteAsync(2, follower.Token);
            third = _group.WriteAsync(3, CancellationToken.None);
            await leader.CancelAsync();
            await follower.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        }

        // The first leads: it is in line already and writes what it brought, as a commit that has begun does.
        Assert.Equal((3, 2), await third);
        Assert.Equal((1, 2), await first);
        Assert.Equal([[1, 3]], _groups);
        Assert.Equal((4, 1), await _group.WriteAsync(4, CancellationToken.None));
    }

    [Fact]
    public async Task Many_at_once_are_all_written_once()
    {
        (int Item, int Together)[] results = await Task.WhenAll(Enumerable.Range(100, 200).Select(item => Task.Run(() => _group.WriteAsync(item, CancellationToken.None))));
        Assert.Equal(Enumerable.Range(100, 200), results.Select(result => result.Item));
        await AssertStoredAsync([.. Enumerable.Range(100, 200)]);
        Assert.All(_groups, group => Assert.InRange(group.Count, 1, 3));
        Assert.Equal(200, _groups.Sum(group => group.Count));
    }

    private GroupWriter<int, (int, int)> Group(Func<AccountingDb, IReadOnlyList<int>, CancellationToken, Task<IReadOnlyList<(int, int)>>> work) =>
        new(_writer, Durability.Relaxed, most: 3, size: _ => 1, work);

    private async Task<IReadOnlyList<(int Item, int Together)>> Write(AccountingDb db, IReadOnlyList<int> items, CancellationToken cancellation)
    {
        if (items.Contains(Unwritable))
        {
            throw new InvalidOperationException("13 cannot be written.");
        }

        db.Tenants.AddRange(items.Select(item => new TenantRow { Name = $"{item:000}" }));
        await db.SaveChangesAsync(cancellation);
        lock (_groups)
        {
            _groups.Add(items);
        }

        return [.. items.Select(item => (item, items.Count))];
    }

    /// <summary>Holds the books until disposed.</summary>
    private async Task<IAsyncDisposable> TurnAsync()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task held = _writer.WriteAsync(Durability.Relaxed, async (_, _) =>
        {
            begun.SetResult();
            await end.Task;
        }, CancellationToken.None);
        await begun.Task;
        return new Holding(async () =>
        {
            end.SetResult();
            await held;
        });
    }

    private async Task AssertStoredAsync(int[] items)
    {
        await using AccountingDb db = await _host.Get<IDbContextFactory<AccountingDb>>().CreateDbContextAsync();
        Assert.Equal(items, (await db.Tenants.Select(tenant => tenant.Name).ToListAsync()).Select(int.Parse).Order());
    }
}
