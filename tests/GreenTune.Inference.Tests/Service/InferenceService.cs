using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using OpenAI;
using OpenAI.Chat;

namespace GreenTune.Inference.Tests.Service;

/// <summary>The whole service on a real port, with the real models, beside a fake Accounting.</summary>
internal sealed class InferenceService : IAsyncDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("greentune-inference-").FullName;
    private readonly bool _ownsAccounting;
    private Factory? _factory;

    private InferenceService(FakeAccounting? accounting)
    {
        _ownsAccounting = accounting is null;
        Accounting = accounting ?? new FakeAccounting();
    }

    public FakeAccounting Accounting { get; }

    public HttpClient Http { get; private set; } = null!;

    public IServiceProvider Services => _factory!.Services;

    /// <summary>Where the service keeps what it keeps.</summary>
    public string DataFolder => _data;

    /// <summary>Starts the service with the given settings ("Inference:MaxQueue" and so on) and waits until its configurations are ready.</summary>
    public static Task<InferenceService> StartAsync(FakeAccounting? accounting = null, bool startAccounting = true, params (string Key, string Value)[] settings) =>
        StartAsync(null, accounting, startAccounting, settings);

    /// <summary>The same with some of its services replaced.</summary>
    public static async Task<InferenceService> StartAsync(Action<IServiceCollection>? replace, FakeAccounting? accounting, bool startAccounting, params (string Key, string Value)[] settings)
    {
        var service = new InferenceService(accounting);
        if (startAccounting && accounting is null)
        {
            await service.Accounting.StartAsync();
        }

        service._factory = new Factory(
        [
            new("Data:Directory", service._data),
            new("Models:CacheFolder", Path.Combine(Repository.Root, "artifacts", "test-cache")),
            new("services:accounting:http:0", service.Accounting.Url),
            new("Inference:Device", "cpu"),
            .. settings.Select(setting => new KeyValuePair<string, string?>(setting.Key, setting.Value)),
        ], replace);
        // Not UseKestrel(0): that sets the address from this thread while the program starts the server on its own, and a busy machine loses the race.
        service._factory.UseKestrel();
        service._factory.StartServer();
        service.Http = new HttpClient { BaseAddress = service._factory.ClientOptions.BaseAddress, Timeout = TimeSpan.FromSeconds(100) };
        using var probe = new HttpClient { BaseAddress = service.Http.BaseAddress };
        if (settings.FirstOrDefault(setting => setting.Key == "Access:ServiceKey").Value is { } key)
        {
            probe.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        await Eventually.TrueAsync(async () =>
        {
            ConfigurationView[]? configurations = await probe.GetFromJsonAsync<ConfigurationView[]>("api/configurations", ContractJson.Options);
            return configurations!.All(configuration => configuration.State is ConfigurationState.Ready or ConfigurationState.Failed or ConfigurationState.Unloaded);
        }, TimeSpan.FromMinutes(2));
        return service;
    }

    /// <summary>OpenAI's own client, without retries.</summary>
    public ChatClient Chat(string model, string? tenant = null)
    {
        var options = new OpenAIClientOptions { Endpoint = new Uri(Http.BaseAddress!, "v1"), RetryPolicy = new ClientRetryPolicy(0) };
        if (tenant is not null)
        {
            options.AddPolicy(new HeaderPolicy(Headers.Tenant, tenant), PipelinePosition.PerCall);
        }

        return new ChatClient(model, new ApiKeyCredential("none"), options);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_factory is not null)
        {
            await _factory.DisposeAsync();
        }

        if (_ownsAccounting)
        {
            await Accounting.DisposeAsync();
        }

        await DeleteAsync(_data);
    }

    /// <summary>The service's own thread may still be putting down what its meter learned when the factory has let go of it.</summary>
    private static async Task DeleteAsync(string folder)
    {
        for (int left = 50; ; left--)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
                return;
            }
            catch (IOException) when (left > 0)
            {
                await Task.Delay(100);
            }
        }
    }

    private sealed class Factory(KeyValuePair<string, string?>[] settings, Action<IServiceCollection>? replace) : WebApplicationFactory<Program>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Development");
            builder.UseSetting(WebHostDefaults.ServerUrlsKey, "http://127.0.0.1:0");
            foreach ((string key, string? value) in settings)
            {
                // Host settings are there from the first line of Program on.
                builder.UseSetting(key, value);
            }

            if (replace is not null)
            {
                builder.ConfigureTestServices(replace);
            }
        }
    }

    private sealed class HeaderPolicy(string name, string value) : PipelinePolicy
    {
        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            message.Request.Headers.Set(name, value);
            ProcessNext(message, pipeline, currentIndex);
        }

        public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            message.Request.Headers.Set(name, value);
            return ProcessNextAsync(message, pipeline, currentIndex);
        }
    }
}
