using GreenTune.Inference.Chat.Answers;

namespace GreenTune.Inference.Chat.Responses;

/// <summary>The event stream of one answer. Nothing is sent before its first chunk, so that what fails until then has a status of its own.</summary>
internal sealed class AnswerStream(HttpContext context, RunningAnswer answer, AnswerFormat format) : IDisposable
{
    private ChunkWriter? _chunks;

    public bool Begun => _chunks is not null;

    /// <summary>The writer; taking it begins the stream.</summary>
    public ChunkWriter Chunks => _chunks ??= Begin();

    public void Dispose() => _chunks?.Dispose();

    private ChunkWriter Begin()
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        return format.Chunks(context.Response.BodyWriter, AnswerHead.Of(answer));
    }
}
