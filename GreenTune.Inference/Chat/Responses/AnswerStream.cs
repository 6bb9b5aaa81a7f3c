using System.IO.Pipelines;
using GreenTune.Inference.Chat.Answers;

namespace GreenTune.Inference.Chat.Responses;

/// <summary>The event stream of one answer. Nothing is sent before its first chunk, so that what fails until then has a status of its own.</summary>
/// <param name="context">The request.</param>
/// <param name="answer">Its answer.</param>
/// <param name="format">How it is written.</param>
/// <param name="longestStall">How long a client may take nothing off a full connection.</param>
/// <param name="clock">By which that is measured.</param>
internal sealed class AnswerStream(HttpContext context, RunningAnswer answer, AnswerFormat format, TimeSpan longestStall, TimeProvider clock) : IDisposable
{
    private ChunkWriter? _chunks;

    public bool Begun => _chunks is not null;

    /// <summary>The writer; taking it begins the stream.</summary>
    public ChunkWriter Chunks => _chunks ??= Begin();

    /// <summary>
    /// Sends what was written, and waits while the connection is full: what the server buffers for a client is bounded, and the engine's tokens wait in their
    /// own form. A client that takes nothing for too long is cut off.
    /// </summary>
    /// <returns>False when the client has gone.</returns>
    public ValueTask<bool> FlushAsync()
    {
        ValueTask<FlushResult> flush = context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        return flush.IsCompletedSuccessfully ? ValueTask.FromResult(!flush.Result.IsCompleted) : new ValueTask<bool>(WaitAsync(flush.AsTask()));
    }

    public void Dispose() => _chunks?.Dispose();

    private async Task<bool> WaitAsync(Task<FlushResult> flush)
    {
        try
        {
            return !(await flush.WaitAsync(longestStall, clock)).IsCompleted;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (TimeoutException)
        {
            context.Abort();
            return false;
        }
    }

    private ChunkWriter Begin()
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        return format.Chunks(context.Response.BodyWriter, AnswerHead.Of(answer));
    }
}
