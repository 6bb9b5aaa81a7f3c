using System.Text.Json;
using GreenTune.Cli.Tests.Support;
using GreenTune.Models.Building;

namespace GreenTune.Cli.Tests.Models;

public sealed class ModelsCommandTests : IDisposable
{
    private readonly TemporaryFolder _cache = new();

    public void Dispose() => _cache.Dispose();

    [Fact]
    public async Task What_is_not_built_is_listed_with_an_unknown_size()
    {
        CliResult result = await RunAsync("models", "list", "--provider", "cpu");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        string line = Assert.Single(result.Output.Split('\n'), l => l.Contains("greentune-tiny-int4", StringComparison.Ordinal));
        Assert.Matches(@"greentune-tiny-int4\s+int4\s+cpu\s+no\s+unknown \(not built\)", line);
        Assert.Equal(6, result.Output.Split('\n').Count(l => l.Contains(" cpu ", StringComparison.Ordinal)));
        Assert.Matches(@"greentune-nano +safetensors +bundled", result.Output);
        Assert.Matches(@"smollm2-135m-instruct +134,515,008 +Apache-2.0 +269 MB +84.1 MB +available", result.Output);
        Assert.Contains($"Built folders: {_cache["models"]}", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_lists_the_configurations_of_both_providers()
    {
        CliResult result = await RunAsync("models", "list", "--json");
        using JsonDocument list = JsonDocument.Parse(result.Output);
        JsonElement configurations = list.RootElement.GetProperty("configurations");
        Assert.Equal(Enum.GetValues<Provider>().Sum(p => 2 * p.Precisions().Count), configurations.GetArrayLength());
        JsonElement first = configurations[0];
        Assert.Equal(("greentune-nano-fp32", "fp32", "cpu", false, "not built"),
            (first.GetProperty("id").GetString(), first.GetProperty("precision").GetString(), first.GetProperty("provider").GetString(), first.GetProperty("built").GetBoolean(), first.GetProperty("reason").GetString()));
        Assert.Equal(JsonValueKind.Null, first.GetProperty("bytes").ValueKind);
        Assert.Equal("cuda", configurations[6].GetProperty("provider").GetString());
        Assert.Equal(["greentune-nano", "greentune-tiny"], list.RootElement.GetProperty("models").EnumerateArray().Select(m => m.GetProperty("name").GetString()));
        Assert.True(list.RootElement.GetProperty("catalog")[0].GetProperty("int4MemoryBytes").GetInt64() > 84_000_000);
    }

    [Fact]
    public async Task Building_makes_the_folder_once_and_again_when_forced()
    {
        CliResult first = await RunAsync("models", "build", "greentune-nano-int4");
        Assert.Equal(0, first.ExitCode);
        Assert.Matches(@"^greentune-nano-int4 \(cpu\): built in [\d.,]+ m?s, [\d.]+ MB, " + System.Text.RegularExpressions.Regex.Escape(_cache["models"]), first.Output);
        Assert.Contains("greentune-nano-int4: writing weights", first.Error, StringComparison.Ordinal);

        CliResult again = await RunAsync("models", "build", "GREENTUNE-NANO-INT4");
        Assert.StartsWith("greentune-nano-int4 (cpu): there already, ", again.Output, StringComparison.Ordinal);
        CliResult forced = await RunAsync("models", "build", "greentune-nano-int4", "--force", "--json");
        using JsonDocument report = JsonDocument.Parse(forced.Output);
        Assert.True(report.RootElement[0].GetProperty("written").GetBoolean());
        string folder = report.RootElement[0].GetProperty("folder").GetString()!;
        Assert.Equal(Directory.EnumerateFiles(folder).Where(f => Path.GetFileName(f) != "greentune.json").Sum(f => new FileInfo(f).Length), report.RootElement[0].GetProperty("bytes").GetInt64());

        CliResult list = await RunAsync("models", "list");
        Assert.Matches(@"greentune-nano-int4 .* yes .* MB +" + System.Text.RegularExpressions.Regex.Escape(Path.GetFileName(folder)), list.Output);

        CliResult show = await RunAsync("models", "show", "greentune-nano-int4");
        Assert.Contains("int4, blocks of 32, symmetric, round to nearest", show.Output, StringComparison.Ordinal);
        Assert.Contains("Embedding", show.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("unknown", show.Output, StringComparison.Ordinal);
        using JsonDocument detail = JsonDocument.Parse((await RunAsync("models", "show", "greentune-nano-int4", "--json")).Output);
        Assert.Equal("int4", detail.RootElement[0].GetProperty("manifest").GetProperty("precision").GetString());
    }

    [Fact]
    public async Task A_damaged_folder_is_told_and_built_again()
    {
        await RunAsync("models", "build", "greentune-nano-int4");
        string folder = Directory.EnumerateDirectories(_cache["models"], "greentune-nano-int4-cpu-*").Single();
        File.Delete(Path.Combine(folder, "tokenizer.json"));
        CliResult show = await RunAsync("models", "show", "greentune-nano-int4");
        Assert.Contains("no (damaged, build it again: tokenizer.json is missing", show.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("models", "build", "greentune-nano-int4")).ExitCode);
        Assert.True(File.Exists(Path.Combine(folder, "tokenizer.json")));
    }

    [Fact]
    public async Task A_model_stands_for_all_of_its_configurations()
    {
        CliResult result = await RunAsync("models", "show", "greentune-nano", "--json");
        using JsonDocument list = JsonDocument.Parse(result.Output);
        Assert.Equal(["greentune-nano-fp32", "greentune-nano-int8", "greentune-nano-int4"],
            list.RootElement.EnumerateArray().Select(d => d.GetProperty("configuration").GetProperty("id").GetString()));
    }

    [Theory]
    [InlineData("models build greentune-huge", "there is no configuration or model 'greentune-huge' for cpu; there are greentune-nano-fp32, greentune-nano-int8,")]
    [InlineData("models build greentune-nano-fp32 --provider cuda", "there is no configuration or model 'greentune-nano-fp32' for cuda; there are greentune-nano-bf16,")]
    public async Task An_unknown_id_is_bad_usage_and_lists_the_known_ones(string line, string sentence)
    {
        CliResult result = await RunAsync(line.Split(' '));
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("greentune: " + sentence, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_of_models_that_is_not_there_is_named()
    {
        CliResult result = await RunAsync("models", "list", "--models", _cache["none"]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("--models", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cache_that_cannot_be_written_is_one_sentence()
    {
        File.WriteAllText(_cache["file"], "");
        CliResult result = await Shell.RunAsync("models", "build", "greentune-nano-int4", "--cache", _cache["file"]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("--cache or GREENTUNE_CACHE", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_build_that_is_stopped_says_so_and_leaves_nothing()
    {
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        CliResult result = await Shell.RunAsync(["models", "build", "--cache", _cache.Path], stop.Token);
        Assert.Equal(130, result.ExitCode);
        Assert.Equal("greentune: stopped before it was done.\n", result.Error);
        Assert.DoesNotContain(Directory.EnumerateDirectories(_cache.Path, "greentune-*", SearchOption.AllDirectories), _ => true);
    }

    private Task<CliResult> RunAsync(params string[] arguments) => Shell.RunAsync([.. arguments, "--cache", _cache.Path]);
}
