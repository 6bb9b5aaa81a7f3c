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
    /// <exception cref="ModelUnloadedException">The model has just been unloaded.</exception>
    Generation Submit(GenerationRequest request, CancellationToken cancellation);

    /// <summary>Generations that wait for the device.</summary>
    int Waiting { get; }

    /// <summary>Waits until no request runs on the model, then disposes it. Requests for it are refused from now on.</summary>
    Task RetireAsync(IModelRunner model);

    /// <summary>Takes no more requests and waits until those that are there have ended.</summary>
    Task DrainAsync(CancellationToken cancellation);

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

/// <summary>The model went out of memory between its look-up and the request; it is loaded again when it is looked up again.</summary>
internal sealed class ModelUnloadedException(string configuration) : Exception($"{configuration} has just been unloaded to make room. Try again.");

/// <summary>The engine takes no more requests: it finishes those it has.</summary>
internal sealed class EngineStoppingException() : Exception("The service is stopping and takes no more requests.");
