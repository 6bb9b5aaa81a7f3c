using System.Text.Json;
using System.Threading.Channels;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>Accounting's event stream.</summary>
internal sealed class FakeEvents
{
    private readonly Lock _gate = new();
    private readonly List<ChannelWriter<string>> _listeners = [];

    public int Listeners
    {
        get
        {
            lock (_gate)
            {
                return _listeners.Count;
            }
        }
    }

    public void Send<T>(string name, T data)
    {
        var text = $"event: {name}\ndata: {JsonSerializer.Serialize(data, ContractJson.Options)}\n\n";
        lock (_gate)
        {
            foreach (var listener in _listeners)
            {
                listener.TryWrite(text);
            }
        }
    }

    public async Task StreamAsync(HttpContext context, AutoChoice auto, CancellationToken line)
    {
        var queue = Channel.CreateUnbounded<string>();
        queue.Writer.TryWrite($": connected\n\nevent: {EventNames.Auto}\ndata: {JsonSerializer.Serialize(auto, ContractJson.Options)}\n\n");
        lock (_gate)
        {
            _listeners.Add(queue.Writer);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, line);
        try
        {
            context.Response.ContentType = "text/event-stream";
            await foreach (var text in queue.Reader.ReadAllAsync(stop.Token))
            {
                await context.Response.WriteAsync(text, stop.Token);
                await context.Response.Body.FlushAsync(stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            if (line.IsCancellationRequested)
            {
                context.Abort();
            }
        }
        finally
        {
            lock (_gate)
            {
                _listeners.Remove(queue.Writer);
            }
        }
    }
}
