using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Tests.Service;

/// <summary>Pull, build, serve and remove over HTTP, from a hub on loopback.</summary>
public sealed class ModelLibraryTests : IAsyncLifetime
{
    private const string Model = "smollm2-135m-instruct";
    private readonly FakeHub _hub = new();
    private readonly string _cache = Directory.CreateTempSubdirectory("greentune-library-").FullName;
    private InferenceService _service = null!;

    private HttpClient Http => _service.Http;

    public async ValueTask InitializeAsync()
    {
        // The catalog's repository with the content of a small model.
        _hub.Repositories["HuggingFaceTB/SmolLM2-135M-Instruct"] = new[] { "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "LICENSE" }
            .ToDictionary(name => name, name => File.ReadAllBytes(Repository.PathOf("models", "greentune-nano", name)));
        _service = await InferenceService.StartAsync(null, true,
            ("Models:CacheFolder", _cache),
            ("Models:Hub:Endpoint", _hub.Address.AbsoluteUri),
            ("Inference:Configurations:0", "greentune-nano-int4"),
            ("Inference:DefaultConfiguration", "greentune-nano-int4"));
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _hub.DisposeAsync();
        Directory.Delete(_cache, recursive: true);
    }

    [Fact]
    public async Task A_model_is_pulled_built_served_and_removed_without_a_restart()
    {
        ModelsView before = await ViewAsync();
        Assert.Equal(18, before.Catalog.Count);
        CatalogModelView entry = before.Catalog.Single(c => c.Id == Model);
        Assert.Equal((CatalogState.Available, "Apache-2.0", false), (entry.State, entry.License, entry.Gated));
        Assert.Equal(["fp32", "int8", "int4"], entry.Needs.Select(n => n.Precision));
        Assert.True(before.FreeBytes > 0);
        Assert.Contains(before.Models, m => m is { Name: "greentune-nano", Bundled: true, Form: "safetensors" });

        ModelJob pulled = await RunAsync("api/models/pulls", new PullInput { Id = Model });
        Assert.Equal((ModelJobState.Completed, ModelJobKind.Pull, Model, 1.0), (pulled.State, pulled.Kind, pulled.Name, pulled.Fraction));
        Assert.Equal(pulled.Size, pulled.Bytes);
        LocalModelView local = (await ViewAsync()).Models.Single(m => m.Name == Model);
        Assert.Equal(("HuggingFaceTB/SmolLM2-135M-Instruct", FakeHub.Commit, "Apache-2.0", Model, false), (local.Repository, local.Commit, local.License, local.CatalogId, local.Bundled));
        Assert.All(local.Configurations, c => Assert.Equal((false, null, null), (c.Built, c.Bytes, c.Serving)));

        ModelJob built = await RunAsync("api/models/builds", new BuildInput { Model = Model, Precision = "int4" });
        Assert.Equal((ModelJobState.Completed, ModelJobKind.Build, $"{Model}-int4"), (built.State, built.Kind, built.Name));
        await Eventually.TrueAsync(async () => (await ConfigurationsAsync()).Any(c => c is { Id: Model + "-int4", State: ConfigurationState.Ready }));
        Assert.Contains($"\"{Model}-int4\"", await Http.GetStringAsync("v1/models"), StringComparison.Ordinal);
        using (HttpResponseMessage answer = await PostAsync("v1/chat/completions", $$"""{"model": "{{Model}}-int4", "max_tokens": 4, "messages": [{"role": "user", "content": "Hi"}]}"""))
        {
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        BuildableView int4 = (await ViewAsync()).Models.Single(m => m.Name == Model).Configurations.Single(c => c.Precision == "int4");
        Assert.Equal((true, ConfigurationState.Ready), (int4.Built, int4.Serving));
        Assert.True(int4.Bytes > 1_000_000);

        using HttpResponseMessage removed = await Http.DeleteAsync(new Uri($"api/models/{Model}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, removed.StatusCode);
        Assert.True((await removed.Content.ReadFromJsonAsync<ModelRemoval>(ContractJson.Options))!.FreedBytes > int4.Bytes);
        Assert.DoesNotContain(await ConfigurationsAsync(), c => c.Model == Model);
        Assert.False(Directory.Exists(Path.Combine(_cache, "checkpoints", Model)));
        using HttpResponseMessage gone = await PostAsync("v1/chat/completions", $$"""{"model": "{{Model}}-int4", "messages": [{"role": "user", "content": "Hi"}]}""");
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task Progress_is_streamed_until_the_job_ends()
    {
        ModelJob job = await StartAsync("api/models/pulls", new PullInput { Repository = "HuggingFaceTB/SmolLM2-135M-Instruct", Name = "own" });
        // Without the project's own catalog entry the same repository keeps its name.
        string stream = await Http.GetStringAsync($"api/models/jobs/{job.Id}/events");
        string[] events = [.. stream.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => line["data: ".Length..])];
        Assert.StartsWith("event: job", stream, StringComparison.Ordinal);
        Assert.Equal(ModelJobState.Completed, JsonSerializer.Deserialize<ModelJob>(events[^1], ContractJson.Options)!.State);
        Assert.Equal("own", job.Name);
    }

    [Fact]
    public async Task A_job_that_runs_twice_is_409_and_can_be_cancelled_and_gone_on_from()
    {
        _hub.Misbehave = (request, usual) => request.Path.EndsWith("/model.safetensors", StringComparison.Ordinal) ? usual with { StallAfter = 100_000 } : null;
        ModelJob job = await StartAsync("api/models/pulls", new PullInput { Id = Model });
        ModelJob waiting = await StartAsync("api/models/builds", new BuildInput { Configuration = "greentune-nano-int8" });
        var part = new FileInfo(Path.Combine(_cache, "checkpoints", Model + ".unfinished", "model.safetensors.part"));
        await Eventually.TrueAsync(() =>
        {
            part.Refresh();
            return Task.FromResult(part.Exists && part.Length == 100_000);
        });
        Assert.Equal(ModelJobState.Waiting, (await JobAsync(waiting.Id)).State);
        Assert.Equal(CatalogState.Pulling, (await ViewAsync()).Catalog.Single(c => c.Id == Model).State);
        await ProblemAsync(HttpStatusCode.Conflict, PostAsync("api/models/pulls", $$"""{"id": "{{Model}}"}"""), job.Id.ToString());

        foreach (ModelJob one in (ModelJob[])[waiting, job, job])
        {
            using HttpResponseMessage cancelled = await Http.DeleteAsync(new Uri($"api/models/jobs/{one.Id}", UriKind.Relative));
            Assert.Equal(HttpStatusCode.NoContent, cancelled.StatusCode);
        }

        Assert.Equal(ModelJobState.Cancelled, (await EndedAsync(job.Id)).State);
        Assert.Equal(ModelJobState.Cancelled, (await JobAsync(waiting.Id)).State);
        Assert.Equal(CatalogState.Unfinished, (await ViewAsync()).Catalog.Single(c => c.Id == Model).State);

        _hub.Misbehave = (_, _) => null;
        Assert.Equal(ModelJobState.Completed, (await RunAsync("api/models/pulls", new PullInput { Id = Model })).State);
        Assert.Equal(100_000, _hub.RequestsOf("model.safetensors").Last().From);
        Assert.Equal(3, (await Http.GetFromJsonAsync<ModelJob[]>("api/models/jobs", ContractJson.Options))!.Length);
    }

    [Fact]
    public async Task A_pull_that_the_hub_refuses_fails_with_its_reason()
    {
        _hub.Misbehave = (_, _) => FakeReply.Empty(403, ("X-Error-Code", "GatedRepo"));
        ModelJob job = await RunAsync("api/models/pulls", new PullInput { Id = Model });
        Assert.Equal(ModelJobState.Failed, job.State);
        Assert.Contains("is gated: accept its licence at", job.Error, StringComparison.Ordinal);
    }

    private async Task<ModelsView> ViewAsync() => (await Http.GetFromJsonAsync<ModelsView>("api/models", ContractJson.Options))!;

    private async Task<ConfigurationView[]> ConfigurationsAsync() => (await Http.GetFromJsonAsync<ConfigurationView[]>("api/configurations", ContractJson.Options))!;

    private async Task<ModelJob> JobAsync(Guid id) => (await Http.GetFromJsonAsync<ModelJob>($"api/models/jobs/{id}", ContractJson.Options))!;

    private async Task<ModelJob> EndedAsync(Guid id) => await Eventually.GetAsync(async () => await JobAsync(id) is { EndedAt: not null } ended ? ended : null, TimeSpan.FromMinutes(1));

    private async Task<ModelJob> StartAsync<T>(string path, T input)
    {
        using HttpResponseMessage response = await Http.PostAsJsonAsync(path, input, ContractJson.Options);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        ModelJob job = (await response.Content.ReadFromJsonAsync<ModelJob>(ContractJson.Options))!;
        Assert.Equal($"/api/models/jobs/{job.Id}", response.Headers.Location!.OriginalString);
        return job;
    }

    private async Task<ModelJob> RunAsync<T>(string path, T input) => await EndedAsync((await StartAsync(path, input)).Id);

    private Task<HttpResponseMessage> PostAsync(string path, string body) => Http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"));

    private static async Task<string> ProblemAsync(HttpStatusCode status, Task<HttpResponseMessage> sent, string contains = "")
    {
        using HttpResponseMessage response = await sent;
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains(contains, text, StringComparison.Ordinal);
        return text;
    }
}
