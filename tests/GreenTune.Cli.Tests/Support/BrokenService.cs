using System.Net;
using System.Net.Sockets;
using System.Text;

namespace GreenTune.Cli.Tests.Support;

/// <summary>Answers one request with the beginning of a chunked body and closes the connection: what a killed service looks like, without a race.</summary>
internal sealed class BrokenService : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _answering;

    public BrokenService(string contentType, string beginning)
    {
        _listener.Start();
        _answering = AnswerAsync(contentType, beginning);
    }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public void Dispose() => _listener.Dispose();

    private async Task AnswerAsync(string contentType, string beginning)
    {
        using Socket socket = await _listener.AcceptSocketAsync();
        await using var stream = new NetworkStream(socket);
        // All of the request is read first: closing with unread bytes would reset the connection, and what was sent might be lost.
        var request = new StringBuilder();
        var buffer = new byte[8192];
        while (!IsWhole(request.ToString()))
            request.Append(Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer)));
        byte[] body = Encoding.UTF8.GetBytes(beginning);
        await stream.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {contentType}\r\nTransfer-Encoding: chunked\r\n\r\n{body.Length:x}\r\n{beginning}\r\n"));
        socket.Shutdown(SocketShutdown.Send);
        // The client closes when it has seen the end.
        await stream.CopyToAsync(Stream.Null);
    }

    /// <summary>The head is there, and the body that its Content-Length or its chunks promise.</summary>
    private static bool IsWhole(string request)
    {
        int end = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
            return false;
        if (request.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase))
            return request.EndsWith("0\r\n\r\n", StringComparison.Ordinal);
        int length = request.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
        return length < 0 || request.Length >= end + 4 + int.Parse(request.AsSpan(length + 16, request.IndexOf('\r', length) - length - 16), System.Globalization.CultureInfo.InvariantCulture);
    }
}
