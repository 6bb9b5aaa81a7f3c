using GreenTune.Accounting.Tests.Hosting;

namespace GreenTune.Accounting.Tests.Events;

/// <summary>Listens to /api/events line by line.</summary>
internal sealed class EventListener : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;

    private EventListener(HttpResponseMessage response, Stream stream)
    {
        _response = response;
        _reader = new StreamReader(stream);
    }

    public string? ContentType => _response.Content.Headers.ContentType?.MediaType;

    public static async Task<EventListener> ConnectAsync(AccountingHost host)
    {
        HttpResponseMessage response = await host.Http.GetAsync("/api/events", HttpCompletionOption.ResponseHeadersRead).WaitAsync(Patience);
        return new EventListener(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The next event's name and data, or "comment" for a heartbeat; null at the end.</summary>
    public async Task<(string Name, string Data)?> NextAsync()
    {
        string? name = null;
        string? data = null;
        while (await _reader.ReadLineAsync().WaitAsync(Patience) is { } line)
        {
            if (line.StartsWith(':'))
            {
                name = "comment";
            }
            else if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                name = line[7..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                data = line[6..];
            }
            else if (line.Length == 0 && name is not null)
            {
                return (name, data ?? "");
            }
        }

        return null;
    }

    /// <summary>The data of the next event of that name; others are passed over.</summary>
    public async Task<string> NextAsync(string name)
    {
        while (await NextAsync() is { } next)
        {
            if (next.Name == name)
            {
                return next.Data;
            }
        }

        throw new InvalidOperationException($"The stream ended without the event {name}.");
    }

    public void Dispose()
    {
        _reader.Dispose();
        _response.Dispose();
    }
}
