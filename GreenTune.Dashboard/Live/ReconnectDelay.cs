namespace GreenTune.Dashboard.Live;

/// <summary>How long to wait before connecting again: 0.5 s, doubling to 8 s, each spread by a fifth so that many dashboards do not knock at once.</summary>
internal sealed class ReconnectDelay(Random random)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(8);
    private TimeSpan _next = First;

    public TimeSpan Next()
    {
        var delay = _next * (0.8 + (0.4 * random.NextDouble()));
        _next = _next * 2 < Longest ? _next * 2 : Longest;
        return delay;
    }

    /// <summary>After a connection that worked.</summary>
    public void Reset() => _next = First;
}
