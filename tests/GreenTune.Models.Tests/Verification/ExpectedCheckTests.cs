using System.Text.Json.Nodes;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Tests.Support;
using GreenTune.Models.Verification;

namespace GreenTune.Models.Tests.Verification;

public sealed class ExpectedCheckTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Theory]
    [InlineData("mistral-sliding", true)]
    [InlineData("phi3-packed", true)]
    [InlineData("qwen3-qknorm", false)]
    public async Task A_checkpoint_is_compared_by_the_forward_pass_and_by_the_graphs(string name, bool hasNote)
    {
        string fixture = Repository.Fixture(name);
        ExpectedReport report = await Check(fixture, Path.Combine(fixture, "expected.json"));
        Assert.True(report.Passed);
        Assert.Equal(["reference", "graph"], report.Figures.Select(f => f.Path).Distinct());
        Assert.Contains(report.Figures, f => f.What == "greedy tokens that differ" && f.Difference == "0 of 48");
        // The reference of this fixture rounded its frequencies: the report says so.
        Assert.Equal(hasNote && name == "phi3-packed", report.Notes.Any(n => n.Contains("frequencies rounded to bfloat16", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Another_model_does_not_pass()
    {
        string expected = Path.Combine(Repository.Fixture("llama-untied"), "expected.json");
        ExpectedReport report = await Check(Repository.Fixture("llama-linear-rope"), expected);
        Assert.False(report.Passed);
        Assert.Contains(report.Figures, f => f is { Path: "reference", What: "last logits", Passed: false });
        Assert.Contains(report.Figures, f => f is { Path: "graph", What: "last logits of the engine", Passed: false });
    }

    [Fact]
    public async Task A_built_folder_is_compared_by_its_graphs_and_quantised_ones_do_not_pass()
    {
        string fixture = Repository.Fixture("llama-untied");
        string expected = Path.Combine(fixture, "expected.json");
        ModelFolder fp32 = await Fixtures.BuildAsync(fixture, _temporary["fp32"], Precision.Fp32);
        ExpectedReport report = await Check(fp32.FolderPath, expected);
        Assert.True(report.Passed);
        Assert.All(report.Figures, f => Assert.Equal("graph", f.Path));
        ModelFolder int4 = await Fixtures.BuildAsync(fixture, _temporary["int4"], Precision.Int4);
        Assert.False((await Check(int4.FolderPath, expected)).Passed);
    }

    [Fact]
    public async Task Greedy_answers_of_the_embedded_model_pass()
    {
        string few = _temporary["few.json"];
        JsonNode answers = JsonNode.Parse(File.ReadAllBytes(Path.Combine(Repository.Nano, "expected_greedy.json")))!;
        answers["items"] = new JsonArray([.. answers["items"]!.AsArray().Take(12).Select(i => i!.DeepClone())]);
        File.WriteAllText(few, answers.ToJsonString());
        ExpectedReport report = await Check(Repository.Nano, few);
        Assert.True(report.Passed);
        Assert.Equal(["0 of 12", "0 of 12"], report.Figures.Select(f => f.Difference));

        answers["items"]![3]!["tokens"]![1] = 5;
        File.WriteAllText(few, answers.ToJsonString());
        Assert.Equal(["1 of 12", "1 of 12"], (await Check(Repository.Nano, few)).Figures.Select(f => f.Difference));
    }

    [Theory]
    [InlineData("{}", "neither last_logits nor items")]
    [InlineData("{1", "no file of expected results")]
    [InlineData("[1", "cannot be compared")]
    [InlineData("[1]", "cannot be compared")]
    [InlineData("{\"last_logits\": []}", "no file of expected results")]
    public async Task A_file_of_another_form_is_refused(string content, string message)
    {
        string path = _temporary["expected.json"];
        File.WriteAllText(path, content);
        Assert.Contains(message, (await Assert.ThrowsAsync<ModelFolderException>(() => Check(Repository.Nano, path))).Message, StringComparison.Ordinal);
    }

    private static Task<ExpectedReport> Check(string folder, string expected) => new ExpectedCheck(TimeProvider.System).RunAsync(folder, expected, CancellationToken.None);
}
