using System.Runtime.InteropServices;
using GreenTune.Core.Units;

namespace GreenTune.Core.Attribution;

/// <summary>How many requests were in flight at each instant of a block. Reused from block to block.</summary>
internal sealed class BlockTimeline
{
    private readonly List<(long At, int Change)> _edges = [];

    // At each edge: seconds / n and seconds x n from the block's start on.
    private readonly List<(long At, double Shares, double Rows)> _integrals = [];
    private long _start;
    private long _end;

    /// <summary>Seconds of the block with a request in flight.</summary>
    public double InFlightSeconds { get; private set; }

    /// <summary>Seconds of the block with nobody in flight.</summary>
    public double IdleSeconds { get; private set; }

    public void Build(MonotonicTime start, MonotonicTime end, List<RequestAccount> accounts)
    {
        _start = start.Ticks;
        _end = end.Ticks;
        _edges.Clear();
        int inFlight = 0;
        foreach (RequestAccount account in accounts)
        {
            (long from, long to) = Clip(account);
            if (from >= to)
                continue;
            if (from == _start)
            {
                inFlight++;
            }
            else
            {
                _edges.Add((from, 1));
            }
            if (to < _end)
                _edges.Add((to, -1));
        }
        _edges.Sort(static (a, b) => a.At.CompareTo(b.At));
        Integrate(inFlight);
    }

    /// <summary>tau and the integral of n over a request's time in flight inside the block, and that time, in seconds.</summary>
    public (double Tau, double Rows, double Seconds) Of(RequestAccount account)
    {
        (long from, long to) = Clip(account);
        if (from >= to)
            return default;
        (double shares0, double rows0) = At(from);
        (double shares1, double rows1) = At(to);
        return (shares1 - shares0, rows1 - rows0, Seconds(to - from));
    }

    private static double Seconds(long ticks) => (double)ticks / TimeSpan.TicksPerSecond;

    private (long From, long To) Clip(RequestAccount account) =>
        (Math.Max(account.Admitted.Ticks, _start), Math.Min(account.Finished?.Ticks ?? long.MaxValue, _end));

    private void Integrate(int inFlight)
    {
        _integrals.Clear();
        _integrals.Add((_start, 0, 0));
        InFlightSeconds = 0;
        IdleSeconds = 0;
        double shares = 0, rows = 0;
        long at = _start;
        foreach ((long edge, int change) in CollectionsMarshal.AsSpan(_edges))
        {
            Step(edge);
            inFlight += change;
        }
        Step(_end);

        void Step(long to)
        {
            if (to == at)
                return;
            double seconds = Seconds(to - at);
            if (inFlight > 0)
            {
                InFlightSeconds += seconds;
                shares += seconds / inFlight;
                rows += seconds * inFlight;
            }
            else
            {
                IdleSeconds += seconds;
            }
            at = to;
            _integrals.Add((to, shares, rows));
        }
    }

    private (double Shares, double Rows) At(long at)
    {
        int low = 0, high = _integrals.Count - 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_integrals[middle].At < at)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return (_integrals[low].Shares, _integrals[low].Rows);
    }
}
