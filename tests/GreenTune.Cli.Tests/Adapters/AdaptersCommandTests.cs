using System.Text.Json;
using GreenTune.Cli.Tests.Support;

namespace GreenTune.Cli.Tests.Adapters;

public sealed class AdaptersCommandTests : IDisposable
{
    private readonly TemporaryFolder _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_random_adapter_is_written_for_a_folder_with_inputs_and_shown()
    {
        string folder = await BuildAsync("--adapters");
        Assert.Contains("greentune-nano-int4-lora", folder, StringComparison.Ordinal);
        CliResult written = await RunAsync("adapters", "random", folder, _place["a.onnx_adapter"], "--rank", "4", "--seed", "9");
        Assert.Equal((0, ""), (written.ExitCode, written.Error));
        Assert.Matches(@"a\.onnx_adapter: rank 4, \d+ maps, [\d.,]+ [kM]B", written.Output);
        await RunAsync("adapters", "random", folder, _place["b.onnx_adapter"], "--rank", "4", "--seed", "9");
        Assert.Equal(await File.ReadAllBytesAsync(_place["a.onnx_adapter"]), await File.ReadAllBytesAsync(_place["b.onnx_adapter"]));

        using JsonDocument shown = JsonDocument.Parse((await RunAsync("adapters", "show", _place["a.onnx_adapter"], "--json")).Output);
        JsonElement first = shown.RootElement[0];
        Assert.Equal(("layers.0.attention.qkv.lora_a", "float", 4), (first.GetProperty("name").GetString(), first.GetProperty("type").GetString(), first.GetProperty("shape")[1].GetInt32()));
        Assert.Contains("layers.0.feed_forward.down.lora_b", (await RunAsync("adapters", "show", _place["a.onnx_adapter"])).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_is_one_sentence_and_a_failure()
    {
        string folder = await BuildAsync();
        CliResult plain = await RunAsync("adapters", "random", folder, _place["a.onnx_adapter"]);
        Assert.Equal(1, plain.ExitCode);
        Assert.Contains("was not built for adapters", plain.Error, StringComparison.Ordinal);
        Assert.Equal(1, (await RunAsync("adapters", "import", _place["none"], folder, _place["a.onnx_adapter"])).ExitCode);
        await File.WriteAllTextAsync(_place["text.onnx_adapter"], "text");
        Assert.Contains("text.onnx_adapter is no adapter file", (await RunAsync("adapters", "show", _place["text.onnx_adapter"])).Error, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("adapters", "random", folder, _place["a.onnx_adapter"], "--rank", "0")).ExitCode);
        Assert.False(File.Exists(_place["a.onnx_adapter"]));
    }

    private async Task<string> BuildAsync(params string[] more)
    {
        CliResult built = await RunAsync(["models", "build", "greentune-nano-int4", "--cache", _place["cache"], "--json", .. more]);
        using JsonDocument report = JsonDocument.Parse(built.Output);
        return report.RootElement[0].GetProperty("folder").GetString()!;
    }

    private static Task<CliResult> RunAsync(params string[] arguments) => Shell.RunAsync(arguments);
}
