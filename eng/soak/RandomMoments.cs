using System.Diagnostics;

namespace GreenTune.Soak;

/// <summary>
/// When to kill: after a random number of the service's answers and a few random milliseconds more. By the clock alone, a service on a slow machine would be killed before it had done
/// anything, again and again. Answering is thread-safe, waiting is for one thread.
/// </summary>
internal sealed class RandomMoments(int seed)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Random _random = new(seed);
    private int _answers;

    /// <summary>The service has answered.</summary>
    public void Answered() => Interlocked.Increment(ref _answers);

    /// <param name="mostAnswers">Answers that are waited for at most, counted from now.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="TimeoutException">The service has not answered so often within a minute.</exception>
    public async Task WaitAsync(int mostAnswers, CancellationToken cancellation)
    {
        int wanted = _random.Next(mostAnswers + 1);
        int first = Volatile.Read(ref _answers);
        long began = Stopwatch.GetTimestamp();
        while (Volatile.Read(ref _answers) - first < wanted)
        {
            if (Stopwatch.GetElapsedTime(began) > Patience)
            {
                throw new TimeoutException($"The service has answered {Volatile.Read(ref _answers) - first} times in a minute; {wanted} were waited for.");
            }

            await Task.Delay(2, cancellation);
        }

        await Task.Delay(_random.Next(30), cancellation);
    }
}
