using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Records;

/// <summary>
/// The newest records, newest first, as they arrive. While its reader has it under the pointer or the focus it holds still, and what arrives waits.
/// Not safe for several threads.
/// </summary>
/// <param name="capacity">Most records that it shows.</param>
public sealed class RecordList(int capacity)
{
    private readonly List<RecordView> _waiting = [];

    /// <summary>What is shown; a new list after every change.</summary>
    public IReadOnlyList<RecordView> Items { get; private set; } = [];

    /// <summary>Records that arrived while it held still.</summary>
    public int Waiting => _waiting.Count;

    public bool Paused { get; private set; }

    /// <summary>Starts anew with these, newest first.</summary>
    public void Reset(IEnumerable<RecordView> records)
    {
        _waiting.Clear();
        Items = Newest(records);
    }

    /// <summary>Takes one record; one that is known already takes the place of its older self. Returns whether what is shown changed.</summary>
    public bool Arrive(RecordView record)
    {
        var known = Items.Any(r => r.Record.Id == record.Record.Id);
        if (Paused && !known)
        {
            _waiting.RemoveAll(r => r.Record.Id == record.Record.Id);
            _waiting.Add(record);
            return true;
        }

        var before = Items;
        Items = Newest(Items.Where(r => r.Record.Id != record.Record.Id).Append(record));
        return known || !Items.Select(r => r.Record.Id).SequenceEqual(before.Select(r => r.Record.Id));
    }

    public void Pause() => Paused = true;

    /// <summary>Shows what waited.</summary>
    public void Resume()
    {
        Paused = false;
        if (_waiting.Count > 0)
        {
            Items = Newest(Items.Concat(_waiting));
            _waiting.Clear();
        }
    }

    private List<RecordView> Newest(IEnumerable<RecordView> records) =>
        [.. records.OrderByDescending(r => r.Record.StartedAt).ThenByDescending(r => r.Record.Id, StringComparer.Ordinal).Take(capacity)];
}
