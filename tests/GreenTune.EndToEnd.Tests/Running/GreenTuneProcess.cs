using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using GreenTune.Core.Contracts;

namespace GreenTune.EndToEnd.Tests.Running;

/// <summary>The whole product, started by the README's first command at free ports with an empty data folder.</summary>
internal sealed class GreenTuneProcess : IAsyncDisposable
{
    /// <summary>For a machine that is busy with other tests.</summary>
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    /// <summary>The one these tests were built in.</summary>
    private static readonly string BuildConfiguration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)) == "debug" ? "Debug" : "Release";

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly string _data;

    /// <summary>The setting of the first key; the test's own calls use it too.</summary>
    public const string BootstrapKey = "Access__BootstrapKey";

    private GreenTuneProcess(Process process, string data, string? key, Uri inference, Uri accounting, Uri dashboard)
    {
        _process = process;
        _data = data;
        Inference = Client(inference, key);
        Accounting = Client(accounting, key);
        Dashboard = dashboard;
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public HttpClient Inference { get; }

    public HttpClient Accounting { get; }

    public Uri Dashboard { get; }

    public string Output
    {
        get
        {
            lock (_lines)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    /// <summary>Starts it and waits until all of it is healthy and every configuration is loaded.</summary>
    /// <param name="settings">Further environment variables.</param>
    public static async Task<GreenTuneProcess> StartAsync(params (string Name, string Value)[] settings)
    {
        int[] ports = FreePorts(3);
        string data = Directory.CreateTempSubdirectory("greentune-end-to-end-").FullName;
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                "run", "--no-build", "--project", Path.Combine(Repository.Root, "GreenTune.AppHost"), "--configuration", BuildConfiguration, "--",
                $"--Ports:inference={ports[0]}", $"--Ports:accounting={ports[1]}", $"--Ports:dashboard={ports[2]}",
            },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["GREENTUNE_DATA"] = data;
        // Other tests have built the models already.
        start.Environment["Models__CacheFolder"] = Path.Combine(Repository.Root, "artifacts", "test-cache");
        start.Environment["Inference__Device"] = "cpu";
        foreach ((string name, string value) in settings)
        {
            start.Environment[name] = value;
        }

        var product = new GreenTuneProcess(Process.Start(start)!, data, settings.FirstOrDefault(setting => setting.Name == BootstrapKey).Value, Loopback(ports[0]), Loopback(ports[1]), Loopback(ports[2]));
        try
        {
            await product.ReadyAsync();
            return product;
        }
        catch
        {
            await product.DisposeAsync();
            throw;
        }
    }

    /// <summary>Settings to serve one configuration in place of all six, for tests that ask no other: loading and warming up the rest takes longer than they do.</summary>
    public static (string Name, string Value)[] Only(string configuration) => [("Inference__Configurations__0", configuration), ("Inference__DefaultConfiguration", configuration)];

    public async Task<T> GetAsync<T>(HttpClient service, string path) => (await service.GetFromJsonAsync<T>(path, ContractJson.Options))!;

    /// <summary>The process that listens on a service's port. Linux only, as the tests of processes are.</summary>
    public int ProcessOf(string project) => Directory.GetDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), out int id) ? id : 0)
        .First(id => id > 0 && IsOurs(id, project));

    public async ValueTask DisposeAsync()
    {
        Inference.Dispose();
        Accounting.Dispose();
        if (!_process.HasExited)
        {
            // As Ctrl-C or a service manager ends it; the rest goes by itself.
            using Process stop = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
            await stop.WaitForExitAsync();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync();
            }
        }

        _process.Dispose();
        // Shown beside a failure.
        TestContext.Current.TestOutputHelper?.WriteLine(Output);
        Directory.Delete(_data, recursive: true);
    }

    private bool IsOurs(int id, string project)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline").Contains($"{project}.dll", StringComparison.Ordinal)
                && File.ReadAllText($"/proc/{id}/environ").Contains($"GREENTUNE_DATA={_data}", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Gone meanwhile, or somebody else's.
            return false;
        }
    }

    private async Task ReadyAsync()
    {
        var waited = Stopwatch.StartNew();
        while (!await IsReadyAsync())
        {
            Assert.False(_process.HasExited, $"The AppHost has ended:\n{Output}");
            Assert.True(waited.Elapsed < StartLimit, $"Not ready after {StartLimit}:\n{Output}");
            await Task.Delay(100);
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            ConfigurationView[] configurations = await GetAsync<ConfigurationView[]>(Inference, "api/configurations");
            using HttpResponseMessage dashboard = await Inference.GetAsync(new Uri(Dashboard, "health"));
            return dashboard.IsSuccessStatusCode && configurations.All(configuration => configuration.State == ConfigurationState.Ready);
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_lines)
        {
            _lines.Add(line.Data ?? string.Empty);
        }
    }

    private static HttpClient Client(Uri address, string? key)
    {
        var client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(60) };
        client.DefaultRequestHeaders.Authorization = key is null ? null : new("Bearer", key);
        return client;
    }

    private static Uri Loopback(int port) => new($"http://localhost:{port}/");

    /// <summary>Ports that nobody listens on; all are held until all are found, so that they differ.</summary>
    private static int[] FreePorts(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        try
        {
            foreach (TcpListener listener in listeners)
            {
                listener.Start();
            }

            return [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            foreach (TcpListener listener in listeners)
            {
                listener.Dispose();
            }
        }
    }
}
