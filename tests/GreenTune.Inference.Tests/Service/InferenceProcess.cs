using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Tests.Service;

/// <summary>The service as a process of its own, which a test can kill.</summary>
internal sealed partial class InferenceProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private InferenceProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Look(line.Data);
        process.ErrorDataReceived += (_, line) => Look(line.Data);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => _listening.TrySetException(new InvalidOperationException("The service has ended."));
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public HttpClient Http { get; private set; } = null!;

    /// <summary>Starts it with the small model alone and waits until it is loaded.</summary>
    public static async Task<InferenceProcess> StartAsync(string data, FakeAccounting accounting)
    {
        string built = Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var start = new ProcessStartInfo("dotnet", [Repository.PathOf("artifacts", "bin", "GreenTune.Inference", built, "GreenTune.Inference.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Repository.PathOf("GreenTune.Inference"),
            Environment =
            {
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
                ["ASPNETCORE_ENVIRONMENT"] = "Development",
                ["GREENTUNE_DATA"] = data,
                ["Models__CacheFolder"] = Repository.PathOf("artifacts", "test-cache"),
                ["Inference__Device"] = "cpu",
                ["Inference__Configurations__0"] = "greentune-nano-int4",
                ["Inference__DefaultConfiguration"] = "greentune-nano-int4",
                ["services__accounting__http__0"] = accounting.Url,
            },
        };
        var service = new InferenceProcess(Process.Start(start)!);
        service.Http = new HttpClient { BaseAddress = await service._listening.Task.WaitAsync(TimeSpan.FromMinutes(2)), Timeout = TimeSpan.FromMinutes(1) };
        await Eventually.TrueAsync(async () =>
        {
            ConfigurationView[]? configurations = await service.Http.GetFromJsonAsync<ConfigurationView[]>("api/configurations", ContractJson.Options);
            return configurations!.All(configuration => configuration.State == ConfigurationState.Ready);
        }, TimeSpan.FromMinutes(2));
        return service;
    }

    /// <summary>As kill -9: nothing is finished, nothing is said.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private void Look(string? line)
    {
        if (line is not null && ListeningOn().Match(line) is { Success: true } match)
        {
            _listening.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }

    [GeneratedRegex(@"listens on (http://\S+)")]
    private static partial Regex ListeningOn();
}
