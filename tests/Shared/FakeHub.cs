using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace GreenTune.Tests;

/// <summary>A request as it came over the wire.</summary>
internal sealed record FakeRequest(string Path, IReadOnlyDictionary<string, string> Headers)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>First byte of the range that is asked for; 0 without one.</summary>
    public int From => Header("Range") is { } range ? int.Parse(range["bytes=".Length..].TrimEnd('-'), System.Globalization.CultureInfo.InvariantCulture) : 0;
}

/// <summary>An answer, and in which way it misbehaves.</summary>
internal sealed record FakeReply(int Status, byte[] Body)
{
    public List<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>What Content-Length says; null tells the truth, -1 leaves it out.</summary>
    public int? Announced { get; init; }

    /// <summary>So many bytes are sent, then the connection is reset.</summary>
    public int? DropAfter { get; init; }

    /// <summary>So many bytes are sent, then nothing more.</summary>
    public int? StallAfter { get; init; }

    public static FakeReply Json(object body, params (string, string)[] headers) => new(200, JsonSerializer.SerializeToUtf8Bytes(body)) { Headers = [("Content-Type", "application/json"), .. headers] };

    public static FakeReply Empty(int status, params (string, string)[] headers) => new(status, []) { Headers = [.. headers] };
}

/// <summary>A hub on a loopback port that keeps repositories in memory, and misbehaves as a test says.</summary>
internal sealed class FakeHub : IAsyncDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;

    public FakeHub()
    {
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Files by repository and path. Those in <see cref="Large"/> are listed with SHA-256, others with git's hash.</summary>
    public Dictionary<string, Dictionary<string, byte[]>> Repositories { get; } = new(StringComparer.OrdinalIgnoreCase);

    public Func<string, bool> Large { get; set; } = path => path.EndsWith(".safetensors", StringComparison.Ordinal) || path.EndsWith(".gguf", StringComparison.Ordinal);

    public string CommitNow { get; set; } = Commit;

    public object Gated { get; set; } = false;

    public ConcurrentQueue<FakeRequest> Requests { get; } = [];

    /// <summary>Answers in place of the hub where it returns one. It is given the answer that the hub would give.</summary>
    public Func<FakeRequest, FakeReply, FakeReply?> Misbehave { get; set; } = (_, _) => null;

    /// <summary>How often an answer stalled.</summary>
    public int Stalls;

    public IEnumerable<FakeRequest> RequestsOf(string file) => Requests.Where(r => r.Path.EndsWith("/" + file, StringComparison.Ordinal));

    public static FakeReply Content(FakeRequest request, byte[] content, string? tag = null)
    {
        string etag = tag ?? $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}\"";
        int from = request.From;
        if (from == 0 || (request.Header("If-Range") is { } ifRange && ifRange != etag))
            return new FakeReply(200, content) { Headers = [("ETag", etag)] };
        return from >= content.Length
            ? FakeReply.Empty(416)
            : new FakeReply(206, content[from..]) { Headers = [("ETag", etag), ("Content-Range", $"bytes {from}-{content.Length - 1}/{content.Length}")] };
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (Task connection in _connections)
            await connection.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private FakeReply Answer(FakeRequest request)
    {
        string[] path = request.Path.Split('?')[0].TrimStart('/').Split('/');
        if (path is ["api", "models", var owner, var name, "revision", _] && Find(owner, name) is not null)
            return FakeReply.Json(new { sha = CommitNow, gated = Gated, cardData = new { license = "apache-2.0" } });
        if (path is ["api", "models", var owner2, var name2, "tree", _] && Find(owner2, name2) is { } files)
            return FakeReply.Json(files.Select(f => Entry(f.Key, f.Value)));
        if (path.Length >= 5 && path[2] == "resolve" && Find(path[0], path[1])?.GetValueOrDefault(string.Join('/', path[4..])) is { } content)
            return Content(request, content);
        return FakeReply.Empty(404);
    }

    public object Entry(string path, byte[] content)
    {
        if (Large(path))
            return new { type = "file", path, size = content.Length, oid = new string('0', 40), lfs = new { oid = Convert.ToHexStringLower(SHA256.HashData(content)), size = content.Length, pointerSize = 130 } };
#pragma warning disable CA5350
        byte[] sha1 = SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]);
#pragma warning restore CA5350
        return new { type = "file", path, size = content.Length, oid = Convert.ToHexStringLower(sha1) };
    }

    private Dictionary<string, byte[]>? Find(string owner, string name) => Repositories.GetValueOrDefault($"{owner}/{name}");

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket = await _listener.AcceptSocketAsync(_stop.Token);
            _connections.Add(Task.Run(() => ServeAsync(socket)));
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            await using var stream = new NetworkStream(socket);
            FakeRequest request = await ReadAsync(stream);
            Requests.Enqueue(request);
            FakeReply usual = Answer(request);
            FakeReply reply = Misbehave(request, usual) ?? usual;
            var head = new StringBuilder($"HTTP/1.1 {reply.Status} X\r\nConnection: close\r\n");
            if (reply.Announced != -1)
                head.Append($"Content-Length: {reply.Announced ?? reply.Body.Length}\r\n");
            foreach ((string name, string value) in reply.Headers)
                head.Append($"{name}: {value}\r\n");
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head + "\r\n"), _stop.Token);
            await stream.WriteAsync(reply.Body.AsMemory(0, reply.DropAfter ?? reply.StallAfter ?? reply.Body.Length), _stop.Token);
            if (reply.DropAfter is not null)
            {
                // Sent bytes may be lost with a reset; a test that counts on them gets them by an orderly end.
                socket.Shutdown(SocketShutdown.Both);
            }
            if (reply.StallAfter is not null)
            {
                Interlocked.Increment(ref Stalls);
                await Task.Delay(Timeout.Infinite, _stop.Token);
            }
        }
    }

    private async Task<FakeRequest> ReadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one, _stop.Token);
            head.Append((char)one[0]);
        }
        string[] lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        return new FakeRequest(lines[0].Split(' ')[1], lines[1..].Select(l => l.Split(": ", 2)).ToDictionary(l => l[0], l => l[1], StringComparer.OrdinalIgnoreCase));
    }
}
