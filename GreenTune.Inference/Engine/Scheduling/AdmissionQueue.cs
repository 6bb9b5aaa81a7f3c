using GreenTune.Core.Units;

namespace GreenTune.Inference.Engine.Scheduling;

/// <summary>
/// Requests that wait for a row. Tenants take turns, whatever each has sent, and so do the models of a tenant: a long queue of one holds up nobody
/// else. Within a tenant and model the order is that of arrival. Used by the engine's owner thread alone.
/// </summary>
internal sealed class AdmissionQueue
{
    private readonly Dictionary<(string? Tenant, IModelRunner Model), LinkedList<Generation>> _lines = [];
    private readonly LinkedList<(string? Tenant, IModelRunner Model)> _turns = [];

    public int Count { get; private set; }

    /// <summary>When the request that has waited longest came; null when nobody waits.</summary>
    public MonotonicTime? Oldest
    {
        get
        {
            MonotonicTime? oldest = null;
            foreach (LinkedList<Generation> line in _lines.Values)
            {
                MonotonicTime first = line.First!.Value.SubmittedAt;
                oldest = oldest is { } known && known <= first ? known : first;
            }

            return oldest;
        }
    }

    public bool Has(IModelRunner model) => _turns.Any(turn => turn.Model == model);

    public void Add(Generation generation)
    {
        (string?, IModelRunner) key = Key(generation);
        if (!_lines.TryGetValue(key, out LinkedList<Generation>? line))
        {
            line = [];
            _lines.Add(key, line);
            _turns.AddLast(key);
        }

        line.AddLast(generation);
        Count++;
    }

    /// <summary>Goes through the turns once and takes out the first request that is accepted; whose turn it was goes last.</summary>
    /// <param name="accepts">Whether a request can be admitted now.</param>
    public Generation? Take(Func<Generation, bool> accepts)
    {
        for (LinkedListNode<(string?, IModelRunner)>? turn = _turns.First; turn is not null; turn = turn.Next)
        {
            LinkedList<Generation> line = _lines[turn.Value];
            Generation first = line.First!.Value;
            if (accepts(first))
            {
                line.RemoveFirst();
                Count--;
                _turns.Remove(turn);
                if (line.Count == 0)
                {
                    _lines.Remove(turn.Value);
                }
                else
                {
                    _turns.AddLast(turn);
                }

                return first;
            }
        }

        return null;
    }

    /// <summary>Takes out every request that has ended while it waited.</summary>
    public List<Generation> TakeWhere(Func<Generation, bool> ended)
    {
        var taken = new List<Generation>();
        foreach (((string? Tenant, IModelRunner Model) key, LinkedList<Generation> line) in _lines.ToArray())
        {
            for (LinkedListNode<Generation>? node = line.First; node is not null;)
            {
                LinkedListNode<Generation>? next = node.Next;
                if (ended(node.Value))
                {
                    taken.Add(node.Value);
                    line.Remove(node);
                    Count--;
                }

                node = next;
            }

            if (line.Count == 0)
            {
                _lines.Remove(key);
                _turns.Remove(key);
            }
        }

        return taken;
    }

    private static (string?, IModelRunner) Key(Generation generation) => (generation.Request.Tenant, generation.Request.Model);
}
