using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Tests.Service;
using GreenTune.Models.Adapters;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using OpenAI.Chat;

namespace GreenTune.Inference.Tests.Adapters;

/// <summary>One service with a folder that was built for adapters, and adapters in its folder.</summary>
public sealed class AdaptedServiceFixture : IAsyncLifetime
{
    public const string Configuration = "greentune-nano-fp32-lora";

    private readonly string _place = Directory.CreateTempSubdirectory("greentune-adapters-").FullName;

    internal InferenceService Service { get; private set; } = null!;

    internal string Adapters => Path.Combine(_place, "adapters");

    public async ValueTask InitializeAsync()
    {
        ModelFolder folder = await new ModelFolderBuilder(TimeProvider.System).BuildAsync(
            new BuildRequest
            {
                Id = Configuration,
                ModelName = "greentune-nano",
                SourceFolder = Path.Combine(Repository.Root, "models", "greentune-nano"),
                TargetFolder = Path.Combine(_place, Configuration),
                Options = new BuildOptions { Precision = Precision.Fp32, Provider = Provider.Cpu, Adapters = true },
            },
            null,
            CancellationToken.None);
        Directory.CreateDirectory(Adapters);
        RandomAdapter.Create(folder, 4, 1, strength: 0).ToFile().Write(Path.Combine(Adapters, "nothing.onnx_adapter"));
        RandomAdapter.Create(folder, 4, 1, strength: 1).ToFile().Write(Path.Combine(Adapters, "wild.onnx_adapter"));
        RandomAdapter.Create(folder, 8, 2, strength: 1).ToFile().Write(Path.Combine(Adapters, "wilder.onnx_adapter"));
        File.WriteAllText(Path.Combine(Adapters, "garbage.onnx_adapter"), "this is no adapter");
        File.WriteAllText(Path.Combine(Adapters, "notes.txt"), "notes");
        File.WriteAllText(Path.Combine(_place, "outside.onnx_adapter"), "not to be read");
        File.CreateSymbolicLink(Path.Combine(Adapters, "link.onnx_adapter"), Path.Combine(_place, "outside.onnx_adapter"));
        Service = await InferenceService.StartAsync(settings:
        [
            ("Inference:Configurations:0", "greentune-nano-fp32"),
            ("Inference:DefaultConfiguration", "greentune-nano-fp32"),
            ("Inference:ModelFolders:0", folder.FolderPath),
            ("Inference:AdaptersFolder", Adapters),
            ("Inference:MaxAdapters", "3"),
        ]);
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        Directory.Delete(_place, recursive: true);
    }
}

public sealed class AdaptersTests(AdaptedServiceFixture fixture) : IClassFixture<AdaptedServiceFixture>, IAsyncLifetime
{
    private const string Configuration = AdaptedServiceFixture.Configuration;

    private static readonly string[] Questions = ["What is inference?", "Tell me about the grid.", "Name a colour.", "What is a carbon budget?"];

    private static Uri Adapters { get; } = new($"api/configurations/{Configuration}/adapters", UriKind.Relative);

    private HttpClient Http => fixture.Service.Http;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Every test begins without adapters.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (AdapterView adapter in (await ListAsync()).Loaded)
        {
            (await Http.DeleteAsync(new Uri($"{Adapters}/{adapter.Name}", UriKind.Relative))).EnsureSuccessStatusCode();
        }
    }

    [Fact]
    public async Task An_adapter_that_changes_nothing_gives_the_models_own_answers_and_another_does_not()
    {
        await LoadAsync("nothing");
        await LoadAsync("wild");
        foreach (string question in Questions)
        {
            string own = await AnswerAsync("greentune-nano-fp32", question);
            Assert.Equal(own, await AnswerAsync(Configuration, question));
            Assert.Equal(own, await AnswerAsync($"{Configuration}:nothing", question));
            Assert.NotEqual(own, await AnswerAsync($"{Configuration}:wild", question));
        }
    }

    [Fact]
    public async Task Requests_with_several_adapters_and_none_answer_together_as_they_do_alone()
    {
        string[] names = ["nothing", "wild", "wilder"];
        foreach (string name in names)
        {
            await LoadAsync(name);
        }

        (string Model, string Question)[] all = [.. names.Select(name => $"{Configuration}:{name}").Append(Configuration).SelectMany(model => Questions, (model, question) => (model, question))];
        var alone = new List<string>();
        foreach ((string model, string question) in all)
        {
            alone.Add(await AnswerAsync(model, question));
        }

        Assert.Equal(alone, await Task.WhenAll(all.Select(one => AnswerAsync(one.Model, one.Question))));
    }

    [Fact]
    public async Task What_is_loaded_is_listed_and_found_by_model_and_by_auto()
    {
        AdapterView loaded = await LoadAsync("wild");
        // Query, key and value are one map of the folder, and so are gate and up: rank 4 is of the packed map.
        Assert.Equal(("wild", $"{Configuration}:wild", 4, 0), (loaded.Name, loaded.Model, loaded.Rank, loaded.Requests));
        Assert.True(loaded.Bytes > 10_000);

        AdaptersView view = await ListAsync();
        Assert.Equal((Configuration, true), (view.Configuration, view.TakesAdapters));
        Assert.Equal(["wild"], view.Loaded.Select(adapter => adapter.Name));
        Assert.Equal(["garbage", "nothing", "wild", "wilder"], view.Available);
        Assert.Contains($"\"{Configuration}:wild\"", await Http.GetStringAsync("v1/models"), StringComparison.Ordinal);

        string expected = await AnswerAsync($"{Configuration}:wild", Questions[0]);
        Assert.Equal(expected, await AnswerAsync("greentune-nano:wild", Questions[0]));
        Assert.Equal(expected, await AnswerAsync("auto:wild", Questions[0]));
    }

    [Fact]
    public async Task A_record_says_the_adapter_by_the_model_that_was_asked_for()
    {
        await LoadAsync("nothing");
        ChatCompletion answer = await fixture.Service.Chat($"{Configuration}:nothing").CompleteChatAsync([new UserChatMessage(Questions[0])]);
        RequestRecord? record = null;
        await Eventually.TrueAsync(() => fixture.Service.Accounting.Records.TryGetValue(answer.Id, out record));
        Assert.Equal(($"{Configuration}:nothing", Configuration), (record!.RequestedModel, record.ConfigurationId));
    }

    [Fact]
    public async Task An_adapter_that_is_unloaded_while_it_runs_ends_its_answer_as_before_and_is_then_gone()
    {
        await LoadAsync("wild");
        string model = $"{Configuration}:wild";
        ChatClient chat = fixture.Service.Chat(model);
        static ChatCompletionOptions Options() => new() { MaxOutputTokenCount = 300, Temperature = 0 };
        string whole = (await chat.CompleteChatAsync([new UserChatMessage("Tell me a story.")], Options())).Value.Content[0].Text;

        string streamed = "";
        bool unloaded = false;
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync([new UserChatMessage("Tell me a story.")], Options()))
        {
            streamed += string.Concat(update.ContentUpdate.Select(part => part.Text));
            if (!unloaded && streamed.Length > 0)
            {
                unloaded = true;
                Assert.Equal(HttpStatusCode.NoContent, (await Http.DeleteAsync(new Uri($"{Adapters}/wild", UriKind.Relative))).StatusCode);
                Assert.Empty((await ListAsync()).Loaded);
            }
        }

        Assert.True(unloaded);
        Assert.Equal(whole, streamed);
        using HttpResponseMessage gone = await Http.PostAsJsonAsync("v1/chat/completions", new { model, messages = new[] { new { role = "user", content = "Hello" } } });
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        Assert.Contains("model_not_found", await gone.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_changed_between_two_loads_answers_as_the_new_one()
    {
        string path = Path.Combine(fixture.Adapters, "changing.onnx_adapter");
        File.Copy(Path.Combine(fixture.Adapters, "nothing.onnx_adapter"), path);
        try
        {
            await LoadAsync("changing");
            string before = await AnswerAsync($"{Configuration}:changing", Questions[0]);
            await Http.DeleteAsync(new Uri($"{Adapters}/changing", UriKind.Relative));
            File.Copy(Path.Combine(fixture.Adapters, "wild.onnx_adapter"), path, overwrite: true);
            await LoadAsync("changing");
            await LoadAsync("wild");
            string after = await AnswerAsync($"{Configuration}:changing", Questions[0]);
            Assert.NotEqual(before, after);
            Assert.Equal(await AnswerAsync($"{Configuration}:wild", Questions[0]), after);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("{}", HttpStatusCode.BadRequest, "name")]
    [InlineData("""{"name": "../outside"}""", HttpStatusCode.BadRequest, "name")]
    [InlineData("""{"name": "/etc/passwd"}""", HttpStatusCode.BadRequest, "name")]
    [InlineData("""{"name": ".."}""", HttpStatusCode.BadRequest, "name")]
    [InlineData("""{"name": "a\u0000b"}""", HttpStatusCode.BadRequest, "name")]
    [InlineData("""{"name": "garbage"}""", HttpStatusCode.BadRequest, "garbage.onnx_adapter is no adapter file")]
    [InlineData("""{"name": "unknown"}""", HttpStatusCode.NotFound, "There are: garbage, nothing, wild, wilder")]
    [InlineData("""{"name": "link"}""", HttpStatusCode.NotFound, "no adapter 'link'")]
    [InlineData("""{"name": "notes"}""", HttpStatusCode.NotFound, "no adapter 'notes'")]
    public async Task What_cannot_be_loaded_is_a_problem_that_says_why(string body, HttpStatusCode status, string expected)
    {
        using HttpResponseMessage response = await Http.PostAsync(Adapters, new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, text);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains(expected, JsonDocument.Parse(text).RootElement.ToString(), StringComparison.Ordinal);
        Assert.Empty((await ListAsync()).Loaded);
    }

    [Fact]
    public async Task Loading_twice_loading_too_many_and_loading_into_a_folder_without_inputs_are_refused()
    {
        await LoadAsync("nothing");
        Assert.Contains("is loaded already", await RefusedAsync(Adapters, "nothing", HttpStatusCode.Conflict), StringComparison.Ordinal);
        Assert.Contains("was not built for adapters", await RefusedAsync(new Uri("api/configurations/greentune-nano-fp32/adapters", UriKind.Relative), "wild", HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.Contains("greentune-nano-fp32", await RefusedAsync(new Uri("api/configurations/none/adapters", UriKind.Relative), "wild", HttpStatusCode.NotFound), StringComparison.Ordinal);
        await LoadAsync("wild");
        await LoadAsync("wilder");
        File.Copy(Path.Combine(fixture.Adapters, "wild.onnx_adapter"), Path.Combine(fixture.Adapters, "fourth.onnx_adapter"));
        try
        {
            Assert.Contains("Inference:MaxAdapters", await RefusedAsync(Adapters, "fourth", HttpStatusCode.Conflict), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(Path.Combine(fixture.Adapters, "fourth.onnx_adapter"));
        }

        Assert.Equal(HttpStatusCode.NotFound, (await Http.DeleteAsync(new Uri($"{Adapters}/unknown", UriKind.Relative))).StatusCode);
    }

    [Theory]
    [InlineData(Configuration + ":unknown")]
    [InlineData("greentune-nano-fp32:nothing")]
    [InlineData("unknown:nothing")]
    [InlineData("auto:")]
    [InlineData(":nothing")]
    public async Task A_model_with_an_adapter_that_is_not_loaded_for_it_does_not_exist(string model)
    {
        await LoadAsync("nothing");
        using HttpResponseMessage response = await Http.PostAsJsonAsync("v1/chat/completions", new { model, messages = new[] { new { role = "user", content = "Hello" } } });
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains($"{Configuration}:nothing", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<string> AnswerAsync(string model, string question) =>
        (await fixture.Service.Chat(model).CompleteChatAsync([new UserChatMessage(question)], new ChatCompletionOptions { MaxOutputTokenCount = 24, Temperature = 0 })).Value.Content[0].Text;

    private async Task<AdapterView> LoadAsync(string name)
    {
        using HttpResponseMessage response = await Http.PostAsJsonAsync(Adapters, new AdapterInput(name));
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<AdapterView>(ContractJson.Options))!;
    }

    private async Task<AdaptersView> ListAsync() => (await Http.GetFromJsonAsync<AdaptersView>(Adapters, ContractJson.Options))!;

    private async Task<string> RefusedAsync(Uri adapters, string name, HttpStatusCode status)
    {
        using HttpResponseMessage response = await Http.PostAsJsonAsync(adapters, new AdapterInput(name));
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, text);
        return text;
    }
}
