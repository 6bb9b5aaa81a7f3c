using System.Collections;
using System.Diagnostics;
using System.Globalization;
using GreenTune.ServiceDefaults;
using Microsoft.Extensions.Diagnostics.HealthChecks;

var name = Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME") ?? "sample";
if (Number("SAMPLE_EXIT_AT_START") is { } exitCode)
{
    await Console.Error.WriteLineAsync("cannot go on");
    return exitCode;
}

var builder = WebApplication.CreateSlimBuilder(args);
builder.AddServiceDefaults();
var ready = Stopwatch.StartNew();
var said = 0;
builder.Services.AddHealthChecks().AddCheck("warm-up", () =>
{
    if (ready.Elapsed.TotalMilliseconds < (Number("SAMPLE_READY_AFTER_MS_" + name) ?? 0))
    {
        return HealthCheckResult.Unhealthy("warming up");
    }

    if (Interlocked.Exchange(ref said, 1) == 0)
    {
        Console.WriteLine($"{name} is ready");
    }

    return HealthCheckResult.Healthy();
});
builder.Services.AddHttpClient("engine", http => http.BaseAddress = new Uri("https+http://engine"));
if (Number("SAMPLE_STOP_SECONDS") is { } seconds)
{
    builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(seconds));
    builder.Services.AddHostedService(_ => new Reluctant(TimeSpan.FromSeconds(seconds)));
}

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapGet("/env", () => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value));
app.MapGet("/where", () => Environment.CurrentDirectory);
app.MapGet("/pid", () => Environment.ProcessId);
app.MapGet("/engine-pid", async (IHttpClientFactory clients) => await clients.CreateClient("engine").GetStringAsync(new Uri("/pid", UriKind.Relative)));
app.MapPost("/crash/{code:int}", (int code) => Environment.Exit(code));
app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine($"{name} process {Environment.ProcessId}"));
app.Lifetime.ApplicationStopping.Register(() => Console.WriteLine($"{name} is asked to stop"));
await Console.Error.WriteLineAsync($"{name} on standard error");
return await app.RunServiceAsync();

static int? Number(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;

/// <summary>Has a child of its own and takes longer to stop than anyone waits.</summary>
internal sealed class Reluctant(TimeSpan time) : IHostedService, IDisposable
{
    private Process? _child;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _child = Process.Start("sleep", "120");
        Console.WriteLine($"grandchild {_child.Id}");
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.Delay(time, CancellationToken.None);

    public void Dispose() => _child?.Dispose();
}
