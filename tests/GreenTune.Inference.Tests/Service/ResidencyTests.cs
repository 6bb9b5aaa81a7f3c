using System.Net;
using System.Net.Http.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Tests.Service;

/// <summary>More configurations than there is memory for.</summary>
public sealed class ResidencyTests
{
    [Fact]
    public async Task What_finds_no_room_is_loaded_when_it_is_asked_for_and_who_was_used_longest_ago_goes()
    {
        // nano-int4 takes about 6 MB and nano-int8 about 9, with 1 MB of keys and values each: one of them fits.
        await using InferenceService service = await InferenceService.StartAsync(settings:
        [
            ("Inference:Configurations:0", "greentune-nano-int4"),
            ("Inference:Configurations:1", "greentune-nano-int8"),
            ("Inference:DefaultConfiguration", "greentune-nano-int4"),
            ("Inference:KvCacheMegabytes", "8"),
            ("Inference:MaxContextTokens", "512"),
            ("Inference:ModelMemoryMegabytes", "20"),
        ]);
        Assert.Equal(["Ready", "Unloaded"], await StatesAsync(service));

        OpenAI.Chat.ChatCompletion first = await service.Chat("greentune-nano-int8").CompleteChatAsync("Hello");
        Assert.NotEmpty(first.Content);
        Assert.Equal(["Unloaded", "Ready"], await StatesAsync(service));
        Assert.Equal(HttpStatusCode.OK, (await service.Http.GetAsync("health", TestContext.Current.CancellationToken)).StatusCode);

        // Both at once, again and again: each makes room for the other, and nobody is lost.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
            Assert.NotEmpty((await service.Chat(i % 2 == 0 ? "greentune-nano-int4" : "greentune-nano-int8").CompleteChatAsync("Hello")).Value.Content)));
    }

    [Fact]
    public async Task What_can_never_fit_fails_with_the_figures()
    {
        await using InferenceService service = await InferenceService.StartAsync(settings:
        [
            ("Inference:Configurations:0", "greentune-nano-int4"),
            ("Inference:DefaultConfiguration", "greentune-nano-int4"),
            ("Inference:ModelMemoryMegabytes", "2"),
        ]);
        ConfigurationView[]? views = await service.Http.GetFromJsonAsync<ConfigurationView[]>("api/configurations", ContractJson.Options, TestContext.Current.CancellationToken);
        ConfigurationView only = Assert.Single(views!);
        Assert.Equal(ConfigurationState.Failed, only.State);
        Assert.Contains("models may take 2 MB", only.Error, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await service.Http.GetAsync("health", TestContext.Current.CancellationToken)).StatusCode);
    }

    private static async Task<string[]> StatesAsync(InferenceService service)
    {
        ConfigurationView[]? views = await service.Http.GetFromJsonAsync<ConfigurationView[]>("api/configurations", ContractJson.Options);
        return [.. views!.OrderBy(view => view.Id, StringComparer.Ordinal).Select(view => view.State.ToString())];
    }
}
