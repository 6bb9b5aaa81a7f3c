namespace Aspire.Hosting.Running;

/// <summary>How long to wait before a crashed process is started again: 0.5 s, doubled each time up to 30 s, from the beginning after a minute of running.</summary>
internal sealed class BackOff
{
    public static readonly TimeSpan First = TimeSpan.FromSeconds(0.5);
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan Forgiven = TimeSpan.FromMinutes(1);

    private TimeSpan _next = First;

    /// <param name="ran">How long the process ran before it ended.</param>
    public TimeSpan Next(TimeSpan ran)
    {
        if (ran >= Forgiven)
        {
            _next = First;
        }

        var now = _next;
        _next = _next + _next > Longest ? Longest : _next + _next;
        return now;
    }
}
