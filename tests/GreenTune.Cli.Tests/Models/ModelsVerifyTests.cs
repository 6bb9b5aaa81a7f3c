using System.Text.Json;
using System.Text.Json.Nodes;
using GreenTune.Cli.Tests.Support;
using GreenTune.Tests;

namespace GreenTune.Cli.Tests.Models;

/// <summary>Building otherwise than by the defaults, verifying what was built, and comparing with expected results.</summary>
public sealed class ModelsVerifyTests : IDisposable
{
    private readonly TemporaryFolder _cache = new();

    public void Dispose() => _cache.Dispose();

    [Fact]
    public async Task A_configuration_built_otherwise_has_a_name_of_its_own_and_is_listed_beside_the_others()
    {
        CliResult built = await RunAsync("models", "build", "greentune-nano-int4", "--method", "search", "--block", "64", "--head", "int8");
        Assert.Equal(0, built.ExitCode);
        Assert.StartsWith("greentune-nano-int4-search-b64-head8 (cpu): built in ", built.Output, StringComparison.Ordinal);
        CliResult list = await RunAsync("models", "list", "--provider", "cpu");
        Assert.Matches(@"greentune-nano-int4-search-b64-head8\s+int4\s+cpu\s+yes", list.Output);
        CliResult show = await RunAsync("models", "show", "greentune-nano-int4-search-b64-head8");
        Assert.Contains("blocks of 64, symmetric, search", show.Output, StringComparison.Ordinal);
        Assert.Matches(@"Verified\s+no; greentune models verify greentune-nano-int4-search-b64-head8", show.Output);
        // Built by its name it is the same folder.
        Assert.Contains("there already", (await RunAsync("models", "build", "greentune-nano-int4-search-b64-head8")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("models build greentune-nano-fp32 --method gptq", "leave no configuration to build")]
    [InlineData("models build greentune-nano --block 48", "The block size is 48")]
    [InlineData("models build greentune-nano --accuracy-level 3", "The accuracy level is 3")]
    [InlineData("models build greentune-nano --bfloat16-activations", "Activations in bfloat16 are for cuda")]
    [InlineData("models build greentune-nano --method nearest", "one of rtn, search, gptq, awq")]
    [InlineData("models verify greentune-nano-int4", "greentune-nano-int4 is not built; build it first: greentune models build greentune-nano-int4")]
    [InlineData("models verify greentune-mega", "there is no configuration or model 'greentune-mega'")]
    [InlineData("models check nowhere --expected expected.json", "<folder> is 'nowhere', which does not exist")]
    [InlineData("models check .", "--expected")]
    public async Task What_cannot_be_done_is_bad_usage(string line, string sentence)
    {
        CliResult result = await RunAsync(line.Split(' '));
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_built_folder_is_verified_and_its_verdict_shown()
    {
        await RunAsync("models", "build", "greentune-nano-int4");
        CliResult verified = await RunAsync("models", "verify", "greentune-nano-int4", "--tokens", "64", "--json");
        Assert.Equal(0, verified.ExitCode);
        using JsonDocument reports = JsonDocument.Parse(verified.Output);
        JsonElement report = reports.RootElement[0].GetProperty("report");
        Assert.True(report.GetProperty("passed").GetBoolean());
        Assert.InRange(report.GetProperty("checkpoint").GetProperty("top1Agreement").GetDouble(), 0.5, 1);
        string folder = reports.RootElement[0].GetProperty("folder").GetString()!;
        Assert.True(File.Exists(Path.Combine(folder, "parity.json")));
        Assert.Matches(@"Verified\s+passed on ", (await RunAsync("models", "show", "greentune-nano-int4")).Output);

        CliResult plain = await RunAsync("models", "verify", folder, "--tokens", "64");
        Assert.Matches(@"Result\s+passed", plain.Output);
        Assert.Matches(@"GenAI's Generator\s+\d of \d greedy answers", plain.Output);
    }

    [Fact]
    public async Task Expected_answers_decide_the_exit_code()
    {
        string model = Path.Combine(Repository.Root, "models", "greentune-nano");
        JsonNode answers = JsonNode.Parse(File.ReadAllBytes(Path.Combine(model, "expected_greedy.json")))!;
        answers["items"] = new JsonArray([.. answers["items"]!.AsArray().Take(3).Select(i => i!.DeepClone())]);
        string expected = _cache["expected.json"];
        File.WriteAllText(expected, answers.ToJsonString());
        CliResult equal = await RunAsync("models", "check", model, "--expected", expected);
        Assert.Equal(0, equal.ExitCode);
        Assert.Contains("Passed.", equal.Output, StringComparison.Ordinal);

        answers["items"]![0]!["tokens"]![0] = 7;
        File.WriteAllText(expected, answers.ToJsonString());
        CliResult differs = await RunAsync("models", "check", model, "--expected", expected, "--json");
        Assert.Equal(1, differs.ExitCode);
        using JsonDocument report = JsonDocument.Parse(differs.Output);
        Assert.False(report.RootElement.GetProperty("passed").GetBoolean());
        Assert.Equal("1 of 3", report.RootElement.GetProperty("figures")[0].GetProperty("difference").GetString());
    }

    private Task<CliResult> RunAsync(params string[] arguments) =>
        Shell.RunAsync(arguments is ["models", "check", ..] ? arguments : [.. arguments, "--cache", _cache.Path]);
}
