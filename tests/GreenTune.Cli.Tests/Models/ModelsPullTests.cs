using System.Text.Json;
using GreenTune.Cli.Tests.Support;
using GreenTune.Tests;

namespace GreenTune.Cli.Tests.Models;

public sealed class ModelsPullTests : IAsyncDisposable
{
    private readonly TemporaryFolder _cache = new();
    private readonly FakeHub _hub = new();

    public ModelsPullTests()
    {
        var files = new Dictionary<string, byte[]>();
        foreach (string name in (string[])["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "LICENSE"])
            files[name] = File.ReadAllBytes(Repository.PathOf("models", "greentune-nano", name));
        _hub.Repositories["maker/small"] = files;
        _hub.Repositories["HuggingFaceTB/SmolLM2-135M-Instruct"] = files;
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _cache.Dispose();
    }

    [Fact]
    public async Task A_model_is_pulled_built_listed_and_removed()
    {
        CliResult pulled = await PullAsync("smollm2-135m-instruct");
        Assert.Equal(0, pulled.ExitCode);
        Assert.Matches(@"^smollm2-135m-instruct: pulled [\d.]+ MB in .* from HuggingFaceTB/SmolLM2-135M-Instruct at 0123456789ab, licence Apache-2.0, ", pulled.Output);
        Assert.Contains("Build it with: greentune models build smollm2-135m-instruct-int4", pulled.Output, StringComparison.Ordinal);
        Assert.Contains("smollm2-135m-instruct: downloading, 5 files, ", pulled.Error, StringComparison.Ordinal);
        Assert.StartsWith("smollm2-135m-instruct: there already and as the hub lists it", (await PullAsync("smollm2-135m-instruct")).Output, StringComparison.Ordinal);

        Assert.Equal(0, (await RunAsync("models", "build", "smollm2-135m-instruct-int4")).ExitCode);
        CliResult list = await RunAsync("models", "list");
        Assert.Matches(@"smollm2-135m-instruct +134,515,008 .* pulled", list.Output);
        Assert.Matches(@"smollm2-135m-instruct +safetensors +HuggingFaceTB/SmolLM2-135M-Instruct at 0123456789ab", list.Output);
        Assert.Matches("smollm2-135m-instruct-int4 .* yes ", list.Output);

        CliResult unsaid = await RunAsync("models", "remove", "smollm2-135m-instruct");
        Assert.Equal(1, unsaid.ExitCode);
        Assert.Contains("--yes", Assert.Single(unsaid.ErrorLines), StringComparison.Ordinal);
        CliResult no = await Shell.RunAsync(["models", "remove", "smollm2-135m-instruct", "--cache", _cache.Path], CancellationToken.None, "n\n", terminal: true);
        Assert.Contains("Remove its source (", no.Error, StringComparison.Ordinal);
        CliResult removed = await RunAsync("models", "remove", "smollm2-135m-instruct", "--yes");
        Assert.Matches(@"^smollm2-135m-instruct: removed its source \([\d.]+ MB\) and 1 built folder \([\d.]+ MB\), [\d.]+ MB freed", removed.Output);
        Assert.DoesNotContain("smollm2-135m-instruct-int4", (await RunAsync("models", "list")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_has_the_commit_and_every_files_hash()
    {
        CliResult result = await PullAsync("maker/small@v1", "--json", "--name", "own");
        using JsonDocument report = JsonDocument.Parse(result.Output);
        Assert.Equal(("own", FakeHub.Commit, "apache-2.0"), (report.RootElement.GetProperty("name").GetString(), report.RootElement.GetProperty("commit").GetString(), report.RootElement.GetProperty("license").GetString()));
        Assert.Equal(5, report.RootElement.GetProperty("files").GetArrayLength());
        Assert.True(File.Exists(Path.Combine(_cache["checkpoints"], "own", "greentune-source.json")));
    }

    [Fact]
    public async Task The_token_of_a_file_is_used_and_never_shown()
    {
        File.WriteAllText(_cache["token"], "hf_secret\n");
        _hub.Misbehave = (request, _) => request.Header("Authorization") == "Bearer hf_secret" ? null : FakeReply.Empty(401);
        CliResult without = await PullAsync("maker/small");
        Assert.Equal(1, without.ExitCode);
        Assert.Contains("HF_TOKEN, --token-file", without.Error, StringComparison.Ordinal);
        CliResult with = await PullAsync("maker/small", "--token-file", _cache["token"]);
        Assert.Equal(0, with.ExitCode);
        Assert.DoesNotContain("hf_secret", with.Output + with.Error, StringComparison.Ordinal);
        Assert.Contains("--token-file", (await PullAsync("maker/small", "--token-file", _cache["none"])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_pulled_is_one_sentence_and_an_exit_code()
    {
        CliResult unknown = await PullAsync("smollm3");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("The catalog has: smollm2-135m-instruct,", unknown.Error, StringComparison.Ordinal);
        CliResult missing = await PullAsync("maker/none");
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("greentune: maker/none does not exist", missing.Error, StringComparison.Ordinal);
        CliResult address = await RunAsync("models", "pull", "maker/small", "--endpoint", "hub");
        Assert.Contains("--endpoint is not an address", Assert.Single(address.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_catalog_of_ones_own_is_taken()
    {
        string all = File.ReadAllText(Repository.PathOf("models", "catalog.json"));
        File.WriteAllText(_cache["own.json"], all.Replace("HuggingFaceTB/SmolLM2-135M-Instruct", "maker/small", StringComparison.Ordinal));
        CliResult result = await PullAsync("smollm2-135m-instruct", "--catalog", _cache["own.json"], "--json");
        Assert.Contains("\"repository\": \"maker/small\"", result.Output, StringComparison.Ordinal);
        File.WriteAllText(_cache["own.json"], "{}");
        Assert.Contains("own.json is not a catalog", (await RunAsync("models", "list", "--catalog", _cache["own.json"])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_is_imported_with_what_was_found()
    {
        CliResult result = await RunAsync("models", "import", Repository.PathOf("models", "greentune-nano"), "--name", "copy");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.StartsWith("copy: imported ", result.Output, StringComparison.Ordinal);
        Assert.Matches("architecture +LlamaForCausalLM: ", result.Output);
        using JsonDocument again = JsonDocument.Parse((await RunAsync("models", "import", Repository.PathOf("models", "greentune-nano"), "--name", "second", "--json")).Output);
        Assert.Equal("good", again.RootElement.GetProperty("findings")[0].GetProperty("severity").GetString());
        CliResult taken = await RunAsync("models", "import", Repository.PathOf("models", "greentune-nano"));
        Assert.Contains("--name greentune-nano-2", Assert.Single(taken.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bundled_model_is_not_removed()
    {
        CliResult result = await RunAsync("models", "remove", "greentune-nano", "--yes");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("ships with GreenTune and stays; --built-only", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    private Task<CliResult> PullAsync(params string[] arguments) => RunAsync(["models", "pull", .. arguments, "--endpoint", _hub.Address.AbsoluteUri]);

    private Task<CliResult> RunAsync(params string[] arguments) => Shell.RunAsync([.. arguments, "--cache", _cache.Path]);
}
