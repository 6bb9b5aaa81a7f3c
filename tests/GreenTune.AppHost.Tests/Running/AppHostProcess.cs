using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace GreenTune.AppHost.Tests.Running;

/// <summary>An AppHost as a user runs it: a process of its own, whose lines are kept. Ended with all it started when the test is over.</summary>
internal sealed partial class AppHostProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(10) };

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly List<string> _errors = [];
    private readonly SemaphoreSlim _more = new(0);
    private readonly Task _reading;
    private readonly string _data = Path.Combine(Path.GetTempPath(), "greentune-tests", Guid.NewGuid().ToString("N"));

    private AppHostProcess(string program, string[] args, IEnumerable<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo("dotnet", [program, .. args]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_ENVIRONMENT"] = "Development";
        start.Environment["ConnectionStrings__records"] = "Data Source=records.db";
        start.Environment["GREENTUNE_DATA"] = _data;
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _reading = Task.WhenAll(ReadAsync(_process.StandardOutput, _lines), ReadAsync(_process.StandardError, _errors));
    }

    public int Id => _process.Id;

    public IReadOnlyList<string> Lines => Copy(_lines);

    public IReadOnlyList<string> Errors => Copy(_errors);

    public static AppHostProcess Sample(string scenario, string[]? args = null, params (string Name, string Value)[] environment)
        => new(ProgramOf("Sample.AppHost"), args ?? [], [("SAMPLE_SCENARIO", scenario), .. environment]);

    public static AppHostProcess GreenTune(params string[] args) => new(ProgramOf("GreenTune.AppHost"), args, []);

    /// <summary>Waits for the table of addresses.</summary>
    public async Task<AppHostProcess> HealthyAsync()
    {
        await LineAsync(line => line.StartsWith("All healthy", StringComparison.Ordinal));
        await LineAsync(line => line.StartsWith("  store", StringComparison.Ordinal));
        return this;
    }

    /// <summary>Waits for a line, those already there included.</summary>
    public async Task<string> LineAsync(Func<string, bool> predicate, int count = 1)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            if (Lines.Where(predicate).Skip(count - 1).FirstOrDefault() is { } line)
            {
                return line;
            }

            if (_reading.IsCompleted || waited.Elapsed > Patience)
            {
                throw new InvalidOperationException($"the line did not come. Output:\n{string.Join('\n', Lines)}\nErrors:\n{string.Join('\n', Errors)}");
            }

            await _more.WaitAsync(TimeSpan.FromMilliseconds(100));
        }
    }

    /// <summary>Address of a process from the table.</summary>
    public Uri Address(string name) => new(Lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).First(words => words.Length == 2 && words[0] == name && words[1].StartsWith("http", StringComparison.Ordinal))[1]);

    public async Task<T> GetAsync<T>(string name, string path) => (await Http.GetFromJsonAsync<T>(new Uri(Address(name), path)))!;

    public Task<string> TextAsync(string name, string path) => Http.GetStringAsync(new Uri(Address(name), path));

    /// <summary>Ends a service from inside; its answer never comes.</summary>
    public async Task CrashAsync(string name, int code)
    {
        try
        {
            using var response = await Http.PostAsync(new Uri(Address(name), $"/crash/{code}"), null);
        }
        catch (HttpRequestException)
        {
            // The process is gone, as asked.
        }
    }

    /// <summary>Ids of all processes that the services have said, dead ones included.</summary>
    public IReadOnlyList<int> Children() => [.. Lines.Select(line => ProcessLine().Match(line)).Where(match => match.Success).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];

    public void Signal(PosixSignal signal) => Assert.Equal(0, Kill(_process.Id, signal switch
    {
        PosixSignal.SIGINT => 2,
        PosixSignal.SIGTERM => 15,
        PosixSignal.SIGHUP => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(signal)),
    }));

    /// <summary>As kill -9 does: AppHost has no chance to do anything.</summary>
    public void KillHard() => _process.Kill(entireProcessTree: false);

    public async Task<int> ExitAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
        await _reading;
        return _process.ExitCode;
    }

    public static bool IsRunning(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            // A zombie has ended; it only waits to be asked how.
            return !process.HasExited && File.Exists($"/proc/{id}/stat") && !File.ReadAllText($"/proc/{id}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is ArgumentException or IOException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Waits until none of these processes runs; fails after ten seconds.</summary>
    public static async Task GoneAsync(IEnumerable<int> processes)
    {
        var left = processes.ToList();
        Assert.NotEmpty(left);
        for (var i = 0; i < 200 && left.Count > 0; i++)
        {
            await Task.Delay(50);
            left.RemoveAll(process => !IsRunning(process));
        }

        Assert.Empty(left);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var child in Children().Where(IsRunning))
        {
            try
            {
                using var process = Process.GetProcessById(child);
                process.Kill(entireProcessTree: true);
            }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException)
            {
                // Gone meanwhile.
            }
        }

        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        _more.Dispose();
        if (Directory.Exists(_data))
        {
            Directory.Delete(_data, recursive: true);
        }
    }

    /// <summary>artifacts/bin/{project}/{configuration}/, beside this test's own output.</summary>
    private static string ProgramOf(string project)
    {
        var own = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        return Path.Combine(own, "..", "..", project, Path.GetFileName(own), project + ".dll");
    }

    private async Task ReadAsync(StreamReader reader, List<string> lines)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (lines)
            {
                lines.Add(line);
            }

            _more.Release();
        }
    }

    private static List<string> Copy(List<string> lines)
    {
        lock (lines)
        {
            return [.. lines];
        }
    }

    [GeneratedRegex(@"\| (?:\S+ process|grandchild) (\d+)$")]
    private static partial Regex ProcessLine();

#pragma warning disable SYSLIB1054 // A test needs no source-generated marshalling.
    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
#pragma warning restore SYSLIB1054
}
