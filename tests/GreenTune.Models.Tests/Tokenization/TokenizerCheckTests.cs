using GreenTune.Models.Tests.Support;
using GreenTune.Models.Tokenization;

namespace GreenTune.Models.Tests.Tokenization;

public sealed class TokenizerCheckTests
{
    [Theory]
    [MemberData(nameof(ReferenceTokenizersTests.Tokenizers), MemberType = typeof(ReferenceTokenizersTests))]
    public void Every_reference_tokenizer_agrees(string name)
    {
        string folder = Path.Combine(Repository.Fixture("tokenizers"), name);
        TokenizerCheckResult result = TokenizerCheck.Compare(folder, Path.Combine(folder, "expected.json"));
        Assert.Equal(52, result.Strings);
        Assert.Empty(result.Differences);
        Assert.True(result.Agrees);
        Assert.DoesNotContain(TokenizerSelfCheck.Run(folder), f => f.Severity == FindingSeverity.Problem && f.What != "Chat template");
    }

    [Fact]
    public void Differences_are_listed_with_what_was_expected()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["expected.json"], """[{"text": "", "ids": []}, {"text": "", "ids": [5], "ids_with_special": [], "decoded": "x"}]""");
        TokenizerCheckResult result = TokenizerCheck.Compare(Repository.Tiny, folder["expected.json"]);
        Assert.Equal(2, result.Strings);
        Assert.False(result.Agrees);
        Assert.Equal(["ids", "decoded"], result.Differences.Select(d => d.Field));
        Assert.Equal(new TokenizerDifference("", "ids", "5", ""), result.Differences[0]);
    }

    [Fact]
    public void An_expected_file_that_is_not_one_is_named()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("expected.json is missing", Assert.Throws<ModelFolderException>(() => TokenizerCheck.Compare(Repository.Tiny, folder["expected.json"])).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["expected.json"], """[{"text": "a", "ids": ["x"]}]""");
        Assert.Contains("[0].ids[0]", Assert.Throws<ModelFolderException>(() => TokenizerCheck.Compare(Repository.Tiny, folder["expected.json"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_embedded_models_pass_their_own_check()
    {
        IReadOnlyList<TokenizerFinding> findings = TokenizerSelfCheck.Run(Repository.Tiny);
        Assert.DoesNotContain(findings, f => f.Severity == FindingSeverity.Problem);
        Assert.Contains(findings, f => f is { What: "Round trip", Severity: FindingSeverity.Ok });
        Assert.Contains(findings, f => f is { What: "Control texts in a message", Severity: FindingSeverity.Ok });
        Assert.Contains(findings, f => f.What == "ONNX Runtime extensions");
        Assert.Contains(findings, f => f is { What: "Vocabulary size", Severity: FindingSeverity.Ok });
    }

    [Fact]
    public void Refusals_missing_templates_and_ids_beyond_the_model_are_found()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Repository.Tiny, "tokenizer.json"), folder["tokenizer.json"]);
        File.WriteAllText(folder["config.json"], """{"vocab_size": 8000}""");
        File.WriteAllText(folder["tokenizer_config.json"],
            """{"chat_template": "{% if messages[0].role == 'system' %}{{ raise_exception('No system turns') }}{% endif %}{% for m in messages %}{{ m.content }}{% endfor %}"}""");
        IReadOnlyList<TokenizerFinding> findings = TokenizerSelfCheck.Run(folder.Path);
        Assert.Contains(findings, f => f is { What: "Vocabulary size", Severity: FindingSeverity.Problem });
        Assert.Contains(findings, f => f is { What: "A system turn", Severity: FindingSeverity.Note } && f.Detail.Contains("No system turns", StringComparison.Ordinal));
        File.WriteAllText(folder["tokenizer_config.json"], "{}");
        Assert.Contains(TokenizerSelfCheck.Run(folder.Path), f => f is { What: "Chat template", Severity: FindingSeverity.Problem });
        File.WriteAllText(folder["tokenizer.json"], "{");
        Assert.Equal(FindingSeverity.Problem, Assert.Single(TokenizerSelfCheck.Run(folder.Path)).Severity);
    }
}
