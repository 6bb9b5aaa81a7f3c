using System.Globalization;

namespace GreenTune.Models.Download;

/// <summary>
/// Attempts until one succeeds: waits that double, each between half and the whole of its length by chance so that many clients do not come back at
/// once, or as long as the server asks.
/// </summary>
internal sealed class Retry(DownloadOptions options, TimeProvider clock)
{
    /// <param name="attempt">One attempt. It tells how many bytes it brought, whether it succeeds or throws.</param>
    /// <param name="waiting">Told of each wait, with the reason.</param>
    /// <param name="cancellationToken">Stops the attempts.</param>
    /// <exception cref="HubException">The last of the attempts failed.</exception>
    public async Task<T> RunAsync<T>(Func<Action<long>, CancellationToken, Task<T>> attempt, Action<string>? waiting, CancellationToken cancellationToken)
    {
        for (int failures = 0; ;)
        {
            long brought = 0;
            try
            {
                return await attempt(bytes => brought += bytes, cancellationToken);
            }
            catch (PassingFaultException e)
            {
                failures = brought >= options.ProgressBytes ? 1 : failures + 1;
                if (failures >= options.Attempts)
                    throw new HubException(HubFailure.Unavailable, string.Create(CultureInfo.InvariantCulture, $"{e.Message}, and {options.Attempts} attempts did not help; pull again to go on from here"), e);
                TimeSpan wait = Wait(failures, e.RetryAfter, e);
                waiting?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{e.Message}; trying again in {wait.TotalSeconds:0.#} s"));
                await Task.Delay(wait, clock, cancellationToken);
            }
        }
    }

    private TimeSpan Wait(int failures, TimeSpan? asked, PassingFaultException e)
    {
        if (asked > options.LongestRetryAfter)
        {
            throw new HubException(HubFailure.Unavailable,
                string.Create(CultureInfo.InvariantCulture, $"{e.Message} and asks to wait {asked.Value.TotalSeconds:0} s; pull again after that to go on from here"), e);
        }
        TimeSpan own = Cut(options.FirstWait * Math.Pow(2, Math.Min(failures - 1, 30))) * (0.5 + (Random.Shared.NextDouble() / 2));
        return asked is { } least && least > own ? least : own;
    }

    private TimeSpan Cut(TimeSpan wait) => wait < options.LongestWait ? wait : options.LongestWait;
}

/// <summary>A token that ends when nothing arrived for a while.</summary>
internal sealed class StallWatch : IDisposable
{
    private readonly TimeSpan _after;
    private readonly CancellationTokenSource _stalled;
    private readonly CancellationTokenSource _either;
    private readonly CancellationToken _outer;

    public StallWatch(TimeSpan after, TimeProvider clock, CancellationToken outer)
    {
        _after = after;
        _outer = outer;
        _stalled = new CancellationTokenSource(after, clock);
        _either = CancellationTokenSource.CreateLinkedTokenSource(outer, _stalled.Token);
    }

    public CancellationToken Token => _either.Token;

    /// <summary>Whether it ended by itself, not by the caller.</summary>
    public bool Stalled => _stalled.IsCancellationRequested && !_outer.IsCancellationRequested;

    /// <summary>Something arrived.</summary>
    public void Arrived() => _stalled.CancelAfter(_after);

    public PassingFaultException Fault(HubSubject what) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{what}: nothing arrived for {_after.TotalSeconds:0} s"));

    public void Dispose()
    {
        _either.Dispose();
        _stalled.Dispose();
    }
}
