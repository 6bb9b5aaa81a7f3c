using System.Net;
using System.Net.Sockets;
using System.Text;

namespace GreenTune.Inference.Tests.Service;

/// <summary>A connection whose bytes a test sends by itself.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private RawConnection(Socket socket) => Socket = socket;

    public Socket Socket { get; }

    public static async Task<RawConnection> OpenAsync(Uri server, int? receiveBuffer = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (receiveBuffer is int size)
        {
            socket.ReceiveBufferSize = size;
        }

        await socket.ConnectAsync(IPAddress.Loopback, server.Port);
        return new RawConnection(socket);
    }

    public static string Head(string path, int length) => $"POST /{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n";

    public Task SendAsync(string text) => Socket.SendAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Sends a byte at a time until the server has had enough, and gives what it said.</summary>
    public async Task<string> TrickleAsync(string text, TimeSpan pause)
    {
        Task<string> answer = ReadToEndAsync();
        try
        {
            for (int i = 0; i < text.Length && !answer.IsCompleted; i++)
            {
                await SendAsync(text[i..(i + 1)]);
                await Task.WhenAny(answer, Task.Delay(pause));
            }
        }
        catch (SocketException)
        {
            // Closed by the server.
        }

        return await answer;
    }

    /// <summary>All that comes until the server closes the connection.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using var timeout = new CancellationTokenSource(Longest);
        var all = new MemoryStream();
        var buffer = new byte[8192];
        try
        {
            while (await Socket.ReceiveAsync(buffer, timeout.Token) is > 0 and int count)
            {
                all.Write(buffer, 0, count);
            }
        }
        catch (SocketException)
        {
            // A reset ends it as well.
        }

        return Encoding.UTF8.GetString(all.ToArray());
    }

    public void Dispose() => Socket.Dispose();
}
