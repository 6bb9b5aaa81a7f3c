using GreenTune.Core.Attribution;

namespace GreenTune.Metering.Recording;

/// <summary>
/// The rows of the last steps, newest first. A decode step's rows are nearly always those of an earlier step, each one token further: they are written as
/// what to copy from it, what to leave out and what to add.
/// </summary>
internal sealed class RecentRows
{
    private const int Kept = 8;
    private const int MostRows = 1 << 20;
    private const int Copy = 0, Skip = 1, Insert = 2;

    private readonly List<List<StepRow>> _recent = [];
    private readonly List<StepRow> _none = [];
    private long _lastRequest;

    public void Write(IReadOnlyList<StepRow> rows, RecordingBuffer into)
    {
        into.Unsigned((ulong)rows.Count);
        int found = rows.Count > 0 ? Find(rows[0], rows[^1]) : -1;
        into.Unsigned((ulong)(found + 1));
        List<StepRow> before = found < 0 ? _none : _recent[found];
        int i = 0, j = 0;
        while (i < rows.Count)
        {
            int run = 0;
            while (i + run < rows.Count && j + run < before.Count && Next(before[j + run]) == rows[i + run])
                run++;
            if (run > 0)
            {
                Operation(Copy, run, into);
                (i, j) = (i + run, j + run);
                continue;
            }
            int same = Seek(before, j, rows[i]);
            if (same >= 0)
            {
                Operation(Skip, same - j, into);
                j = same;
                continue;
            }
            int added = 1;
            while (i + added < rows.Count && Seek(before, j, rows[i + added]) < 0)
                added++;
            Operation(Insert, added, into);
            for (; added > 0; added--, i++)
            {
                StepRow row = rows[i];
                into.Signed(row.Request - _lastRequest);
                into.Signed(row.Tokens);
                into.Signed(row.Past);
                _lastRequest = row.Request;
            }
        }
        Remember(found, rows);
    }

    public StepRow[] Read(RecordingInput from)
    {
        var rows = new StepRow[from.Number(MostRows)];
        int found = from.Number(_recent.Count) - 1;
        List<StepRow> before = found < 0 ? _none : _recent[found];
        int i = 0, j = 0;
        while (i < rows.Length)
        {
            ulong word = from.Unsigned();
            int count = (int)Math.Min(word >> 2, int.MaxValue);
            switch ((int)(word & 3))
            {
                case Copy when count <= before.Count - j && count <= rows.Length - i:
                    for (; count > 0; count--)
                        rows[i++] = Next(before[j++]);
                    break;
                case Skip when count <= before.Count - j:
                    j += count;
                    break;
                case Insert when count <= rows.Length - i:
                    for (; count > 0; count--)
                    {
                        _lastRequest += from.Signed();
                        rows[i++] = new(_lastRequest, (int)from.Signed(), (int)from.Signed());
                    }
                    break;
                default:
                    throw from.Wrong("rows that do not fit the steps before");
            }
        }
        Remember(found, rows);
        return rows;
    }

    private static StepRow Next(in StepRow row) => row with { Past = unchecked(row.Past + row.Tokens) };

    private static int Seek(List<StepRow> rows, int from, in StepRow sought)
    {
        for (int i = from; i < rows.Count; i++)
        {
            if (Next(rows[i]) == sought)
                return i;
        }
        return -1;
    }

    private static void Operation(int operation, int count, RecordingBuffer into) => into.Unsigned(((ulong)count << 2) | (uint)operation);

    /// <summary>The newest step that a row goes on from; -1 for none.</summary>
    private int Find(in StepRow first, in StepRow last)
    {
        for (int i = 0; i < _recent.Count; i++)
        {
            if (Seek(_recent[i], 0, first) >= 0 || Seek(_recent[i], 0, last) >= 0)
                return i;
        }
        return -1;
    }

    /// <summary>Puts a step in front; it takes the place of the one it went on from, else of the oldest.</summary>
    private void Remember(int replaced, IReadOnlyList<StepRow> rows)
    {
        List<StepRow> list;
        int place = replaced >= 0 ? replaced : _recent.Count == Kept ? Kept - 1 : -1;
        if (place < 0)
        {
            list = [];
        }
        else
        {
            list = _recent[place];
            _recent.RemoveAt(place);
        }
        _recent.Insert(0, list);
        list.Clear();
        for (int i = 0; i < rows.Count; i++)
            list.Add(rows[i]);
    }
}
