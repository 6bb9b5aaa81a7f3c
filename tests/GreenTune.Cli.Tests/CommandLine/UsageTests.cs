using GreenTune.Cli.Tests.Support;

namespace GreenTune.Cli.Tests.CommandLine;

public sealed class UsageTests
{
    public static TheoryData<string> Commands =>
        ["", "models", "models list", "models pull", "models import", "models build", "models show", "models remove", "chat", "requests", "requests list", "requests show", "records", "records export",
            "meter", "meter devices", "meter watch", "meter record", "meter replay", "meter calibrate", "measure"];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Every_command_has_help_with_an_example(string command)
    {
        CliResult result = await Shell.RunAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains("Usage:", result.Output, StringComparison.Ordinal);
        string[] examples = result.Output[(result.Output.IndexOf("Examples:", StringComparison.Ordinal) + 9)..].Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.Contains($"greentune {command}".TrimEnd(), example, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_command_the_help_is_shown()
    {
        CliResult result = await Shell.RunAsync();
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("requests", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_printed_alone()
    {
        CliResult result = await Shell.RunAsync("--version");
        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", result.Output);
    }

    [Theory]
    [InlineData("modles", "greentune has no command 'modles'; it has models, adapters, chat, requests, records, keys, meter, measure")]
    [InlineData("models", "greentune models needs a command: list, pull, import, build, show, verify, check, remove")]
    [InlineData("models lst", "greentune models has no command 'lst'; it has list, pull, import, build, show, verify, check, remove")]
    [InlineData("models list --fast", "greentune models list has no option --fast; it has --provider, --json, --models, --cache, --catalog")]
    [InlineData("models list --provider tpu", "--provider is 'tpu', where it takes one of cpu, cuda, for example --provider cpu")]
    [InlineData("models show", "greentune models show needs <id>: the configuration, or a model for all of its configurations")]
    [InlineData("models pull", "greentune models pull needs <model>: an id of the catalog, or a repository of the hub as org/name or org/name@revision")]
    [InlineData("models pull a/b --name a/b", "--name is 'a/b', where it takes a name of letters, digits, dots, dashes and underscores, for example --name smol")]
    [InlineData("models pull a/b --revision ..", "--revision is '..', where it takes a branch, tag or commit, for example --revision main")]
    [InlineData("models import", "greentune models import needs <path>: a Hugging Face folder, a")]
    [InlineData("chat", "greentune chat needs <prompt>: what to ask")]
    [InlineData("chat one two", "greentune chat takes no further argument, and 'two' is one; put a text with spaces in quotation marks")]
    [InlineData("chat Hi --url localhost", "--url is 'localhost', where it takes an address with http or https, for example --url http://localhost:5101")]
    [InlineData("chat Hi --url ftp://localhost", "--url is 'ftp://localhost', where it takes an address with http or https")]
    [InlineData("chat Hi --model", "--model needs a value")]
    [InlineData("chat Hi --max-tokens many", "--max-tokens is 'many', where it takes a whole number from 1 to 1000000, for example --max-tokens 200")]
    [InlineData("chat Hi --temperature 3", "--temperature is '3', where it takes a number from 0 to 2, for example --temperature 0.7")]
    [InlineData("requests list --limit 0", "--limit is '0', where it takes a whole number from 1 to 500, for example --limit 50")]
    [InlineData("requests list --limit", "--limit needs a value: longest list, 1 to 500")]
    [InlineData("models list --provider", "--provider needs a value: only configurations for this provider: cpu, cuda")]
    [InlineData("requests list --limit 501", "--limit is '501'")]
    [InlineData("requests list --outcome done", "--outcome is 'done', where it takes one of completed, cancelled, failed, aborted, for example --outcome completed")]
    [InlineData("requests list --from yesterday", "--from is 'yesterday', where it takes a time in ISO 8601")]
    [InlineData("requests list --from 2026-11-19 --to 2026-11-18", "--to is not after --from")]
    [InlineData("requests list --configuration a;b", "--configuration is 'a;b', where it takes 1 to 200 characters of")]
    [InlineData("requests show ../x", "<id> is '../x', where it takes 8 to 64 characters of [A-Za-z0-9._-], for example chatcmpl-")]
    [InlineData("records export --out x.csv", "greentune records export needs --format: form of the file: csv, jsonl, codecarbon")]
    [InlineData("records export --format csv", "greentune records export needs --out: the file to write")]
    [InlineData("records export --format xml --out x.xml", "--format is 'xml', where it takes one of csv, jsonl, codecarbon, for example --format csv")]
    [InlineData("meter wacth", "greentune meter has no command 'wacth'; it has devices, watch, record, replay, calibrate")]
    [InlineData("meter watch --interval 0", "--interval is '0', where it takes a number from 0.1 to 3600, for example --interval 5")]
    [InlineData("meter watch --device tpu", "--device is 'tpu', where it takes one of all, cpu, gpu, for example --device all")]
    [InlineData("meter watch --gpu 0", "--gpu is '0', where it takes a GPU's UUID, for example --gpu GPU-")]
    [InlineData("meter record", "greentune meter record needs <file>: the recording, for example idle")]
    [InlineData("meter replay", "greentune meter replay needs <file>: a recording of a meter")]
    [InlineData("meter calibrate --seconds 1", "--seconds is '1', where it takes a number from 3 to 60")]
    public async Task What_is_wrong_is_said_in_a_sentence_with_an_example(string line, string sentence)
    {
        CliResult result = await Shell.RunAsync(line.Split(' '));
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("greentune: " + sentence, result.ErrorLines[0], StringComparison.Ordinal);
        Assert.EndsWith(".", result.ErrorLines[0], StringComparison.Ordinal);
        Assert.Contains("or example", result.Error, StringComparison.Ordinal);
        Assert.Contains("--help' shows what it takes.", result.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_that_begins_with_an_at_sign_is_a_text()
    {
        await using FakeService service = await FakeService.RefusingAsync(400, "seen");
        CliResult result = await Shell.RunAsync("chat", "@file", "--url", service.Address);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("seen", result.Error, StringComparison.Ordinal);
    }
}
