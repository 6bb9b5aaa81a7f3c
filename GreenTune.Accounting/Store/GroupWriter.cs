namespace GreenTune.Accounting.Store;

/// <summary>
/// Writes what several callers bring at the same time in one transaction: whoever waits while another write is under way goes with the next. A commit waits
/// for the disk and touches the same index pages and sums whether it holds one batch or four, so a busy service stores more. Nobody is answered
/// before the commit that holds what they brought.
/// </summary>
/// <param name="writer">Runs the transactions.</param>
/// <param name="durability">Whether the commit waits for the disk.</param>
/// <param name="most">Largest sum of sizes in one transaction, so that other writers' wait is bounded. A single item may be larger.</param>
/// <param name="size">Of an item.</param>
/// <param name="work">Writes items and gives a result for each, in their order. May run again from its beginning: it keeps nothing from one run to the next.</param>
internal sealed class GroupWriter<TItem, TResult>(
    StoreWriter writer, Durability durability, int most, Func<TItem, int> size, Func<AccountingDb, IReadOnlyList<TItem>, CancellationToken, Task<IReadOnlyList<TResult>>> work)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Entry> _waiting = new();
    private bool _led;

    /// <param name="item">What to write.</param>
    /// <param name="cancellation">Ends the waiting. What a commit has already taken up is stored all the same.</param>
    /// <exception cref="StoreUnavailableException">Nothing of the item was stored; bring it again.</exception>
    public async Task<TResult> WriteAsync(TItem item, CancellationToken cancellation)
    {
        var entry = new Entry(item);
        lock (_lock)
        {
            _waiting.AddLast(entry);
            if (!_led)
            {
                _led = true;
                entry.Leads.SetResult(true);
            }
        }

        try
        {
            if (await entry.Leads.Task.WaitAsync(cancellation))
            {
                await LeadAsync(entry);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Abandon(entry);
            throw;
        }

        return await entry.Done.Task;
    }

    /// <summary>Writes the leader's item and those that wait with it, then makes the first who still waits the next leader. The leader's own going away ends nothing for the others.</summary>
    private async Task LeadAsync(Entry leader)
    {
        List<Entry>? group = null;
        try
        {
            IReadOnlyList<TResult> results = await writer.WriteAsync(durability, async (db, token) =>
            {
                // Taken when the turn has come, so that it holds whoever arrived while others wrote.
                group ??= Take();
                return await work(db, [.. group.Select(entry => entry.Item)], token);
            }, CancellationToken.None);
            for (int i = 0; i < group!.Count; i++)
            {
                group[i].Done.SetResult(results[i]);
            }
        }
        catch (Exception e) when (e is StoreUnavailableException || group is not { Count: > 1 })
        {
            foreach (Entry entry in group ?? Only(leader))
            {
                entry.Done.SetException(e);
            }
        }
        catch (Exception)
        {
            await AloneAsync(group!);
        }
        finally
        {
            HandOn(group ?? []);
        }
    }

    /// <summary>One item of a group cannot be written: each on its own, so that only that one's caller hears of it.</summary>
    private async Task AloneAsync(List<Entry> group)
    {
        foreach (Entry entry in group)
        {
            try
            {
                entry.Done.SetResult((await writer.WriteAsync(durability, (db, token) => work(db, [entry.Item], token), CancellationToken.None))[0]);
            }
            catch (Exception e)
            {
                entry.Done.SetException(e);
            }
        }
    }

    private List<Entry> Take()
    {
        lock (_lock)
        {
            var group = new List<Entry>();
            int sum = 0;
            while (_waiting.First is { } first && (group.Count == 0 || sum + size(first.Value.Item) <= most))
            {
                sum += size(first.Value.Item);
                group.Add(first.Value);
                _waiting.RemoveFirst();
            }

            return group;
        }
    }

    private List<Entry> Only(Entry entry)
    {
        lock (_lock)
        {
            _waiting.Remove(entry);
        }

        return [entry];
    }

    private void HandOn(List<Entry> written)
    {
        foreach (Entry entry in written)
        {
            entry.Leads.TrySetResult(false);
        }

        lock (_lock)
        {
            LeadNext();
        }
    }

    private void Abandon(Entry entry)
    {
        lock (_lock)
        {
            if (_waiting.Remove(entry) && entry.Leads.Task.IsCompleted)
            {
                // It was made the leader in the moment in which its caller went away.
                LeadNext();
            }
        }
    }

    /// <summary>Under the lock: makes the first who waits the leader, where anybody does.</summary>
    private void LeadNext() => _led = _waiting.First?.Value.Leads.TrySetResult(true) ?? false;

    private sealed class Entry(TItem item)
    {
        public TItem Item => item;

        /// <summary>True makes its caller write; false says that another has.</summary>
        public TaskCompletionSource<bool> Leads { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<TResult> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
