using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace GreenTune.Soak;

/// <summary>A service of the product as a process of its own at a free port of this machine, which can be killed and started again on the same data.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    private readonly string _program;
    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly List<string> _said = [];
    private Process? _process;

    /// <param name="program">Path of the service's dll.</param>
    /// <param name="environment">Its configuration.</param>
    public ServiceProcess(string program, IReadOnlyDictionary<string, string> environment)
    {
        _program = File.Exists(program) ? program : throw new FileNotFoundException($"{program} has not been built.", program);
        _environment = environment;
        Address = new Uri($"http://127.0.0.1:{FreePort()}/");
        Http = new HttpClient(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5) }) { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(2) };
    }

    /// <summary>The same after every start.</summary>
    public Uri Address { get; }

    public HttpClient Http { get; }

    /// <summary>Processor time of the running process.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process!.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public long WorkingSetBytes
    {
        get
        {
            _process!.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>The last lines that it wrote, for a message about why it is not there.</summary>
    public string Said
    {
        get
        {
            lock (_said)
            {
                return string.Join('\n', _said.TakeLast(20));
            }
        }
    }

    /// <summary>Starts it and waits until it is healthy.</summary>
    public async Task StartAsync(CancellationToken cancellation = default)
    {
        var start = new ProcessStartInfo("dotnet", [_program]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in _environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["ASPNETCORE_URLS"] = Address.ToString().TrimEnd('/');
        // Its standard input is held open by this process, so it ends when this one does, however that is.
        start.Environment["GREENTUNE_LIFELINE"] = "stdin";
        _process = Process.Start(start)!;
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var waited = Stopwatch.StartNew();
        while (!await IsHealthyAsync(cancellation))
        {
            if (_process.HasExited || waited.Elapsed > StartLimit)
            {
                throw new InvalidOperationException($"{Path.GetFileName(_program)} does not start:\n{Said}");
            }

            await Task.Delay(20, cancellation);
        }
    }

    /// <summary>As kill -9: nothing is finished, nothing is said.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>As a service manager stops it.</summary>
    public async Task StopAsync()
    {
        if (_process is { } process)
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
            process.Dispose();
            _process = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Http.Dispose();
    }

    private async Task<bool> IsHealthyAsync(CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage response = await Http.GetAsync("health", cancellation);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is not null)
        {
            lock (_said)
            {
                _said.Add(line.Data);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
