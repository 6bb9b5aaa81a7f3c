using GreenTune.Metering;

namespace GreenTune.Inference.Engine;

/// <summary>
/// Runs generations on one device, many at a time. One owner thread serialises every step, so that steps never overlap; requests join and leave the
/// running batch between steps and wait in a bounded queue.
/// </summary>
internal interface IEngine : IAsyncDisposable
{
    /// <summary>Queues a generation. Its tokens and its end are read from the returned handle.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="cancellation">Stops the generation within one step; the handle then completes as cancelled.</param>
    /// <exception cref="QueueFullException">The queue is at its limit.</exception>
    /// <exception cref="EngineStoppingException">The service is stopping.</exception>
    Generation Submit(GenerationRequest request, CancellationToken cancellation);

    /// <summary>Generations that wait for the device.</summary>
    int Waiting { get; }

    /// <summary>Whether <see cref="GenerationRequest.Constrain"/> is heeded; requests with it are not submitted otherwise.</summary>
    bool CanConstrain => false;

    /// <summary>The meter of the engine's device.</summary>
    IDeviceMeter Meter { get; }
}

/// <summary>The engine has as many waiting requests as it may.</summary>
internal sealed class QueueFullException(int limit, TimeSpan retryAfter)
    : Exception($"The queue is full ({limit} requests are waiting). Try again in {Math.Ceiling(retryAfter.TotalSeconds):0} s.")
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}

/// <summary>The engine takes no more requests: it finishes those it has.</summary>
internal sealed class EngineStoppingException() : Exception("The service is stopping and takes no more requests.");
