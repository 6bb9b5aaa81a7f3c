using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Tests.Service;
using GreenTune.Models.Building;
using GreenTune.Models.Store;
using GreenTune.Models.Tokenization;
using Microsoft.Extensions.DependencyInjection;
using OpenAI.Chat;

namespace GreenTune.Inference.Tests.Conformance;

/// <summary>Tests of one service, one after the other, since each writes its engine's answers.</summary>
[CollectionDefinition(nameof(ScriptedService))]
public sealed class ScriptedServiceDefinition : ICollectionFixture<ScriptedService>;

/// <summary>The whole service with real tokenizers and a fake engine: greentune-nano, and the same model with a chat template that knows tools.</summary>
public sealed class ScriptedService : IAsyncLifetime
{
    public const string Model = "greentune-nano-int4";
    public const string ToolModel = "nano-with-tools";

    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("greentune-scripted-").FullName, ToolModel);

    internal FakeEngine Engine { get; } = new();

    internal InferenceService Service { get; private set; } = null!;

    internal HttpClient Http => Service.Http;

    internal ChatTokenizer Tokenizer => Service.Services.GetRequiredService<ConfigurationRegistry>().Find(Model)!.Loaded!.Tokenizer;

    public async ValueTask InitializeAsync()
    {
        ModelStore store = ModelStore.Open(new ModelStoreOptions { CacheFolder = Path.Combine(Repository.Root, "artifacts", "test-cache") });
        CopyWithTools((await store.EnsureBuiltAsync(store.Find(Model, Provider.Cpu))).FolderPath, _folder);
        Service = await InferenceService.StartAsync(
            services => services.AddSingleton<IEngine>(Engine),
            null,
            true,
            ("Inference:Configurations:0", Model),
            ("Inference:DefaultConfiguration", Model),
            ("Inference:ModelFolders:0", _folder));
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);
    }

    /// <summary>OpenAI's client, and the engine's answer to whatever comes.</summary>
    internal ChatClient Chat(string text, string model = Model)
    {
        Answers(text);
        return Service.Chat(model);
    }

    /// <summary>Has the engine answer a text, the same in every choice.</summary>
    internal void Answers(string text, FinishReason finish = FinishReason.Stop) => Answers(request => Text(request, text) with { Finish = finish });

    internal void Answers(Func<GenerationRequest, FakeAnswer> answer)
    {
        Engine.Requests.Clear();
        Engine.Ends.Clear();
        Engine.Refuse = null;
        Engine.CanConstrain = false;
        Engine.LosesCompletion = false;
        Engine.Answer = answer;
    }

    /// <summary>A text as an answer, its choices' tokens mixed.</summary>
    internal FakeAnswer Text(GenerationRequest request, string text) =>
        new([.. Tokenizer.EncodeText(text).SelectMany(id => Enumerable.Range(0, request.Choices).Select(choice => new GeneratedToken(choice, id)))]);

    /// <summary>What the engine was asked last.</summary>
    internal GenerationRequest Asked() => Engine.Requests.Last();

    internal async Task<JsonElement> PostAsync(string path, string body, HttpStatusCode status = HttpStatusCode.OK, params (string Name, string Value)[] headers)
    {
        using HttpResponseMessage response = await SendAsync(path, body, headers);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{response.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement.Clone();
    }

    internal async Task<HttpResponseMessage> SendAsync(string path, string body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")) };
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>A stream's events, the last of which is "[DONE]".</summary>
    internal async Task<List<string>> StreamAsync(string path, string body, params (string Name, string Value)[] headers)
    {
        using HttpResponseMessage response = await SendAsync(path, body, headers);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        List<string> events = [];
        await foreach (SseItem<string> item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            events.Add(item.Data);
        }

        return events;
    }

    /// <summary>The model with a template in the style of those that know tools.</summary>
    private static void CopyWithTools(string source, string target)
    {
        const string Template = """
            {%- if tools %}{{- '<|im_start|>system\nTools:\n' }}{%- for tool in tools %}{{- tool | tojson }}{{- '\n' }}{%- endfor %}{{- '<|im_end|>\n' }}{%- endif %}
            {%- for message in messages %}
            {{- '<|im_start|>' + message.role + '\n' }}{%- if message.content %}{{- message.content }}{%- endif %}
            {%- for call in message.tool_calls %}{{- '<tool_call>\n' + ({'name': call.function.name, 'arguments': call.function.arguments} | tojson) + '\n</tool_call>' }}{%- endfor %}
            {{- '<|im_end|>\n' }}
            {%- endfor %}
            {%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}
            """;
        Directory.CreateDirectory(target);
        // A manifest holds the files' digests, and this is no longer the model that it tells of.
        foreach (string file in Directory.GetFiles(source).Where(file => Path.GetFileName(file) is not ("greentune.json" or "engine.onnx")))
        {
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        }

        string settings = Path.Combine(target, "tokenizer_config.json");
        JsonNode config = JsonNode.Parse(File.ReadAllText(settings))!;
        config["chat_template"] = Template;
        File.WriteAllText(settings, config.ToJsonString());
    }
}
