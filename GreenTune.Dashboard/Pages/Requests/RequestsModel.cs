using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Records;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Requests;

/// <summary>
/// The list of requests, page by page, and the one that is open. New records join the first page as they arrive; older pages hold still.
/// </summary>
public sealed class RequestsModel(AccountingClient accounting, TimeProvider time) : IDisposable
{
    /// <summary>Rows of one page.</summary>
    public const int PageSize = 25;

    private readonly Stack<string?> _newer = new();
    private RecordFilter? _asked;
    private string? _recordId;

    public Loadable<Page<RecordView>> Load { get; } = new(time);

    public Loadable<RecordView> Record { get; } = new(time);

    public RecordList List { get; } = new(PageSize);

    /// <summary>Cursor of the page that is shown; null on the first.</summary>
    public string? Cursor { get; private set; }

    public bool HasOlder => Load.Value?.Next is not null;

    public bool HasNewer => Cursor is not null;

    /// <summary>1 on the first page.</summary>
    public int PageNumber => _newer.Count + 1;

    /// <summary>Id of the record that is open.</summary>
    public string? RecordId => _recordId;

    /// <summary>Asks for the first page of what the filter names; another filter forgets the old rows.</summary>
    public Task LoadAsync(RecordFilter filter)
    {
        if (_asked != filter)
        {
            Load.Clear();
            _newer.Clear();
            Cursor = null;
        }

        _asked = filter;
        return LoadPageAsync(Cursor);
    }

    public Task ReloadAsync() => _asked is null ? Task.CompletedTask : LoadPageAsync(Cursor);

    public Task OlderAsync()
    {
        if (Load.Value?.Next is not { } next)
        {
            return Task.CompletedTask;
        }

        _newer.Push(Cursor);
        return LoadPageAsync(next);
    }

    public Task NewerAsync() => _newer.TryPop(out var cursor) ? LoadPageAsync(cursor) : Task.CompletedTask;

    /// <summary>Opens a record, or closes it with null.</summary>
    public async Task OpenAsync(string? id)
    {
        if (_recordId == id)
        {
            return;
        }

        _recordId = id;
        Record.Clear();
        if (id is not null)
        {
            await Record.LoadAsync(token => accounting.GetRecordAsync(id, token));
        }
    }

    public Task ReopenAsync() => _recordId is { } id ? Record.LoadAsync(token => accounting.GetRecordAsync(id, token)) : Task.CompletedTask;

    /// <summary>Takes a record that just arrived; returns whether what is shown changed.</summary>
    public bool Arrive(RecordView record) =>
        Load.Value is not null && Cursor is null && _asked?.Matches(record.Record) == true && List.Arrive(record);

    public void Dispose()
    {
        Load.Dispose();
        Record.Dispose();
    }

    private async Task LoadPageAsync(string? cursor)
    {
        var filter = _asked!;
        Cursor = cursor;
        if (await Load.LoadAsync(token => accounting.GetRecordsAsync(filter, cursor, PageSize, token)) && Load is { Error: null, Value: { } page })
        {
            List.Reset(page.Items);
        }
    }
}
