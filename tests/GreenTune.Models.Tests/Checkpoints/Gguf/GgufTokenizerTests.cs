using System.Text.Json;
using System.Text.Json.Nodes;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Tests.Support;
using GreenTune.Models.Tokenization;

namespace GreenTune.Models.Tests.Checkpoints.Gguf;

public sealed class GgufTokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A published kind of tokenizer goes through a GGUF and comes out as the tokenizer.json that it was.</summary>
    [Theory]
    [InlineData("gpt2", "gpt-2", false)]
    [InlineData("smollm", "smollm", false)]
    [InlineData("llama3", "llama-bpe", true)]
    [InlineData("qwen2", "qwen2", false)]
    public void Byte_level_tokenizers_come_out_as_they_were(string fixture, string pre, bool addsBos)
    {
        string source = Path.Combine(Repository.Fixture("tokenizers"), fixture);
        JsonNode original = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "tokenizer.json")))!;
        GgufWriter file = WithVocabulary(original).Text("tokenizer.ggml.model", "gpt2").Text("tokenizer.ggml.pre", pre).Boolean("tokenizer.ggml.add_bos_token", addsBos)
            .Texts("tokenizer.ggml.merges", [.. Merges(original).Select(m => $"{m.Left} {m.Right}")])
            .UInt32("tokenizer.ggml.bos_token_id", 0).UInt32("tokenizer.ggml.eos_token_id", 2);
        JsonNode written = Write(file);
        foreach (string part in (ReadOnlySpan<string>)["added_tokens", "normalizer", "pre_tokenizer", "decoder"])
            AssertSame(original[part], written[part], part);
        foreach (string part in (ReadOnlySpan<string>)["type", "unk_token", "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"])
            AssertSame(original["model"]![part], written["model"]![part], part);
        AssertSame(original["post_processor"]?["processors"]?[1]?["single"], written["post_processor"]?["processors"]?[1]?["single"], "post_processor");
        AssertEncodesAlike(source, fixture);
    }

    // The file has scores in place of merges: the derived merges are more, but give the same ids.
    [Fact]
    public void SentencePiece_tokenizers_encode_as_they_did_with_merges_derived_from_scores()
    {
        string source = Path.Combine(Repository.Fixture("tokenizers"), "llama2");
        JsonNode original = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "tokenizer.json")))!;
        JsonNode written = Write(SentencePiece(original));
        foreach (string part in (ReadOnlySpan<string>)["added_tokens", "normalizer", "pre_tokenizer", "decoder"])
            AssertSame(original[part], written[part], part);
        AssertSame(original["post_processor"]!["single"], written["post_processor"]!["single"], "post_processor");
        foreach (string part in (ReadOnlySpan<string>)["type", "unk_token", "fuse_unk", "byte_fallback", "vocab"])
            AssertSame(original["model"]![part], written["model"]![part], part);
        AssertEncodesAlike(source, "llama2");
    }

    [Fact]
    public void Without_a_space_prefix_none_is_put_or_taken()
    {
        string source = Path.Combine(Repository.Fixture("tokenizers"), "llama2");
        JsonNode original = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "tokenizer.json")))!;
        JsonNode written = Write(SentencePiece(original).Boolean("tokenizer.ggml.add_space_prefix", false).Boolean("tokenizer.ggml.add_bos_token", false));
        Assert.Equal("Replace", written["normalizer"]!["type"]!.GetValue<string>());
        Assert.Equal(["Replace", "ByteFallback", "Fuse"], written["decoder"]!["decoders"]!.AsArray().Select(d => d!["type"]!.GetValue<string>()));
        Assert.Null(written["post_processor"]);
    }

    // transformers' generate_merges on these pieces, worked out by hand: scores first, then longer left parts.
    [Fact]
    public void Merges_follow_from_scores_in_the_order_of_the_published_converter()
    {
        (string, float, int)[] pieces = [("a", -10, 0), ("b", -10, 1), ("c", -10, 2), ("ab", -1, 3), ("bc", -2, 4), ("abc", -3, 5), ("\U0001f600", -10, 6), ("\U0001f600a", -1, 7)];
        Assert.Equal([("a", "b"), ("\U0001f600", "a"), ("b", "c"), ("ab", "c"), ("a", "bc")], Models.Checkpoints.Gguf.SentencePieceMerges.Derive(pieces));
    }

    [Fact]
    public void User_defined_tokens_are_no_control_tokens_and_unused_ones_are_no_added_tokens()
    {
        string[] tokens = [.. TinyGguf.Tokens, "<tool>", "[PAD102]"];
        int[] kinds = [.. TinyGguf.Tokens.Select((_, i) => i < 3 ? 3 : 1), 4, 5];
        JsonNode written = Write(TinyGguf.Llama().Texts("tokenizer.ggml.tokens", tokens).Integers("tokenizer.ggml.token_type", kinds));
        Assert.Equal(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool>"], written["added_tokens"]!.AsArray().Select(t => t!["content"]!.GetValue<string>()));
        Assert.Equal([true, true, true, false], written["added_tokens"]!.AsArray().Select(t => t!["special"]!.GetValue<bool>()));
        using var tokenizer = ChatTokenizer.Open(_folder["written"]);
        int tool = Array.IndexOf(tokens, "<tool>");
        int[] ids = tokenizer.EncodeText("the<tool>");
        Assert.Equal([Array.IndexOf(tokens, "the"), tool], ids);
        Assert.Equal("the<tool>", tokenizer.Decode(ids));
    }

    [Fact]
    public void Every_control_token_that_ends_an_answer_is_a_stop_token()
    {
        string[] tokens = [.. TinyGguf.Tokens, "<|eot_id|>", "<|start_header_id|>", "<end>"];
        int[] kinds = [.. TinyGguf.Tokens.Select((_, i) => i < 3 ? 3 : 1), 3, 3, 3];
        GgufWriter file = TinyGguf.Llama().Texts("tokenizer.ggml.tokens", tokens).Integers("tokenizer.ggml.token_type", kinds).UInt32("tokenizer.ggml.eot_token_id", (uint)tokens.Length - 1);
        using Checkpoint checkpoint = Checkpoint.Open(file.Save(_folder["source"]));
        Assert.Equal([2, 0, tokens.Length - 3, tokens.Length - 1], checkpoint.GenerationConfig!.TokenIds("eos_token_id"));
    }

    [Fact]
    public void Tokenizers_that_are_not_known_or_do_not_fit_together_are_refused_by_their_key()
    {
        Refused(TinyGguf.Llama().Without("tokenizer.ggml.model"), "tokenizer.ggml.model is missing: the file holds no tokenizer");
        Refused(TinyGguf.Llama().Text("tokenizer.ggml.model", "bert"), "tokenizer.ggml.model is bert; known are gpt2");
        Refused(TinyGguf.Llama().Text("tokenizer.ggml.pre", "viking"), "tokenizer.ggml.pre is viking; known are gpt-2, phi-2, smollm");
        Refused(TinyGguf.Llama().Without("tokenizer.ggml.pre"), "tokenizer.ggml.pre is missing");
        Refused(TinyGguf.Llama().Without("tokenizer.ggml.merges"), "tokenizer.ggml.merges is missing");
        Refused(TinyGguf.Llama().Texts("tokenizer.ggml.merges", "t h", "th"), "tokenizer.ggml.merges[1] is 'th'; two tokens");
        Refused(TinyGguf.Llama().Texts("tokenizer.ggml.merges", "t x"), "tokenizer.ggml.merges[0] is 't x', where 'tx' is no token");
        Refused(TinyGguf.Llama().Integers("tokenizer.ggml.token_type", 1, 1), "tokenizer.ggml.token_type has 2 elements, where tokenizer.ggml.tokens has");
        Refused(TinyGguf.Llama().Integers("tokenizer.ggml.token_type", [.. TinyGguf.Tokens.Select(_ => 9)]), "tokenizer.ggml.token_type[0] is 9; 1 to 6 are known");
        Refused(TinyGguf.Llama().Texts("tokenizer.ggml.tokens", [.. TinyGguf.Tokens.Select((t, i) => i == 5 ? TinyGguf.Tokens[4] : t)]), "tokenizer.ggml.tokens[5] is the same text as tokenizer.ggml.tokens[4]");
        Refused(TinyGguf.Llama().UInt32("tokenizer.ggml.bos_token_id", 5000), "tokenizer.ggml.bos_token_id is 5000; a whole number from 0 to");
        Refused(TinyGguf.Llama().Text("tokenizer.ggml.model", "llama"), "tokenizer.ggml.scores is missing");
    }

    private void Refused(GgufWriter file, string expected)
    {
        string source = file.Save(_folder["refused"]);
        string message = Assert.Throws<ModelFolderException>(() =>
        {
            using Checkpoint checkpoint = Checkpoint.Open(source);
            checkpoint.WriteTokenizerFiles(_folder.Path);
        }).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["tokenizer.json"]));
    }

    private JsonNode Write(GgufWriter file)
    {
        string target = _folder["written"];
        Directory.CreateDirectory(target);
        using Checkpoint checkpoint = Checkpoint.Open(file.Save(_folder["source"]));
        checkpoint.WriteTokenizerFiles(target);
        return JsonNode.Parse(File.ReadAllText(Path.Combine(target, "tokenizer.json")))!;
    }

    private void AssertEncodesAlike(string source, string fixture)
    {
        using var original = ChatTokenizer.Open(source);
        using var written = ChatTokenizer.Open(_folder["written"]);
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllText(Path.Combine(source, "expected.json")));
        Assert.True(cases.RootElement.GetArrayLength() > 40);
        foreach (string text in cases.RootElement.EnumerateArray().Select(c => c.GetProperty("text").GetString()!))
        {
            Assert.True(original.Encode(text).SequenceEqual(written.Encode(text)), $"{fixture}: '{text}'");
            Assert.Equal(original.Decode(original.Encode(text)), written.Decode(written.Encode(text)));
        }
    }

    private static GgufWriter WithVocabulary(JsonNode tokenizer)
    {
        HashSet<int> special = [.. tokenizer["added_tokens"]!.AsArray().Select(t => t!["id"]!.GetValue<int>())];
        string[] tokens = Tokens(tokenizer);
        return TinyGguf.Llama().Texts("tokenizer.ggml.tokens", tokens)
            .Integers("tokenizer.ggml.token_type", [.. tokens.Select((t, i) => special.Contains(i) ? t == "<unk>" ? 2 : 3 : IsByte(t) ? 6 : 1)]);
    }

    private static GgufWriter SentencePiece(JsonNode original)
    {
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach ((string left, string right) in Merges(original))
            ranks.TryAdd(left + right, ranks.Count);
        return WithVocabulary(original).Text("tokenizer.ggml.model", "llama").Without("tokenizer.ggml.merges").Text("tokenizer.ggml.pre", "default")
            .Floats("tokenizer.ggml.scores", [.. Tokens(original).Select(t => ranks.TryGetValue(t, out int rank) ? -rank : -1e6f)])
            .UInt32("tokenizer.ggml.bos_token_id", 1).UInt32("tokenizer.ggml.eos_token_id", 2).UInt32("tokenizer.ggml.unknown_token_id", 0).Without("tokenizer.ggml.padding_token_id");
    }

    private static bool IsByte(string token) => token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal);

    private static string[] Tokens(JsonNode tokenizer) => [.. tokenizer["model"]!["vocab"]!.AsObject().OrderBy(v => v.Value!.GetValue<int>()).Select(v => v.Key)];

    private static IEnumerable<(string Left, string Right)> Merges(JsonNode tokenizer) => tokenizer["model"]!["merges"]!.AsArray().Select(m => (m![0]!.GetValue<string>(), m[1]!.GetValue<string>()));

    private static void AssertSame(JsonNode? expected, JsonNode? actual, string part) =>
        Assert.True(JsonNode.DeepEquals(expected, actual), $"{part} is {Short(actual)}, where {Short(expected)} is expected");

    private static string Short(JsonNode? node) => node?.ToJsonString() is { } text ? text[..Math.Min(text.Length, 400)] : "null";
}
