using GreenTune.EndToEnd.Tests.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace GreenTune.EndToEnd.Tests.Telemetry;

/// <summary>A collector in this process: OTLP by HTTP with protobuf, traces kept, the rest taken and forgotten.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly List<OtlpSpan> _spans = [];
    private WebApplication _app = null!;

    private OtlpReceiver()
    {
    }

    public string Address => _app.Urls.First();

    public IReadOnlyList<OtlpSpan> Spans
    {
        get
        {
            lock (_spans)
            {
                return [.. _spans];
            }
        }
    }

    public static async Task<OtlpReceiver> StartAsync()
    {
        var receiver = new OtlpReceiver();
        receiver._app = await LoopbackServer.StartAsync(app => app.MapPost("/v1/{signal}", receiver.TakeAsync));
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> TakeAsync(string signal, HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        if (signal == "traces")
        {
            lock (_spans)
            {
                _spans.AddRange(OtlpSpan.ReadAll(body.ToArray()));
            }
        }

        return Results.Bytes([], "application/x-protobuf");
    }
}
