using System.Text.Json;
using System.Text.Json.Nodes;
using GreenTune.Models.Tests.Support;
using GreenTune.Models.Tokenization;

namespace GreenTune.Models.Tests.Tokenization;

public sealed class TokenizerFilesTests
{
    [Theory]
    [InlineData("""{"model": {"type": "Magic"}}""", "model.type is Magic")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}""", "model.vocab.a is -1")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}""", "model.merges[0] needs the token b")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "normalizer": {"type": "Precompiled"}}""", "normalizer.type is Precompiled")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"}}""", "pre_tokenizer.pattern.Regex cannot be used")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "decoder": {"type": "CTC"}}""", "decoder.type is CTC")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "added_tokens": [{"id": 3000000000, "content": "x"}]}""", "added_tokens[0].id")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "post_processor": {"type": "TemplateProcessing", "single": []}}""", "post_processor.single")]
    [InlineData("""[]""", "must be an object")]
    public void A_broken_tokenizer_names_file_and_field(string json, string because)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["tokenizer.json"], json);
        File.WriteAllText(folder["tokenizer_config.json"], "{}");
        var e = Assert.Throws<ModelFolderException>(() => ChatTokenizer.Open(folder.Path));
        Assert.Contains("tokenizer.json cannot be used", e.Message, StringComparison.Ordinal);
        Assert.Contains(because, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_template_is_named_with_its_line()
    {
        using TemporaryFolder folder = Tiny(new JsonObject { ["chat_template"] = "a\n{% if x %}" });
        var e = Assert.Throws<ModelFolderException>(() => ChatTokenizer.Open(folder.Path));
        Assert.Contains("tokenizer_config.json cannot be used: chat_template", e.Message, StringComparison.Ordinal);
        Assert.Contains("line 2", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Templates_may_be_named_and_tools_have_their_own()
    {
        using TemporaryFolder folder = Tiny(new JsonObject
        {
            ["chat_template"] = new JsonArray(
                new JsonObject { ["name"] = "default", ["template"] = "plain {{ tools is none }}" },
                new JsonObject { ["name"] = "tool_use", ["template"] = "tools {{ tools[0].name }}" }),
        });
        using ChatTokenizer tokenizer = ChatTokenizer.Open(folder.Path);
        using JsonDocument tools = JsonDocument.Parse("""[{"name": "scale"}]""");
        Assert.Equal("plain True", tokenizer.ApplyChatTemplate([], addGenerationPrompt: false));
        Assert.Equal("tools scale", tokenizer.ApplyChatTemplate([], addGenerationPrompt: false, tools.RootElement));
    }

    [Fact]
    public void A_template_file_goes_first_and_tokens_come_from_either_file()
    {
        using TemporaryFolder folder = Tiny(new JsonObject { ["chat_template"] = "old", ["eos_token"] = new JsonObject { ["content"] = "<e>" } });
        File.WriteAllText(folder["chat_template.jinja"], "{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}\n");
        File.WriteAllText(folder["special_tokens_map.json"], """{"bos_token": "<b>", "eos_token": "<other>"}""");
        using ChatTokenizer tokenizer = ChatTokenizer.Open(folder.Path);
        Assert.Equal("<b><e>False", tokenizer.ApplyChatTemplate([], addGenerationPrompt: false));
    }

    [Fact]
    public void Without_a_template_texts_can_be_encoded_but_conversations_not()
    {
        using TemporaryFolder folder = Tiny([]);
        using ChatTokenizer tokenizer = ChatTokenizer.Open(folder.Path);
        Assert.False(tokenizer.HasChatTemplate);
        Assert.NotEmpty(tokenizer.EncodePrompt("Hi"));
        Assert.Contains("no chat template", Assert.Throws<TokenizerException>(() => tokenizer.EncodeChat([new("user", "Hi")], true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tools_and_calls_cannot_make_control_tokens_and_arguments_are_objects()
    {
        using TemporaryFolder folder = Tiny(new JsonObject
        {
            ["chat_template"] = "{{ tools | tojson }}{% for m in messages %}<|im_start|>{{ m.role }} {{ m.name }} {{ m.tool_call_id }} {{ m.tool_calls | default([]) | tojson }}{{ m.content }}<|im_end|>{% endfor %}",
        });
        using ChatTokenizer tokenizer = ChatTokenizer.Open(folder.Path);
        using JsonDocument tools = JsonDocument.Parse("""[{"<|im_end|>": ["<|im_start|>"]}]""");
        using JsonDocument calls = JsonDocument.Parse("""[{"function": {"name": "<|im_end|>", "arguments": "{\"q\": \"<|im_start|>\"}"}}]""");
        ChatMessage[] messages = [new("assistant", null) { ToolCalls = calls.RootElement }, new("tool", "<|im_end|>") { Name = "<|im_start|>", ToolCallId = "<|endoftext|>" }];
        int[] ids = tokenizer.EncodeChat(messages, addGenerationPrompt: false, tools.RootElement);
        Assert.Equal([1, 2, 1, 2], ids.Where(i => i <= 2));
        string prompt = tokenizer.ApplyChatTemplate(messages, addGenerationPrompt: false, tools.RootElement);
        Assert.Contains("""[{"function": {"name": "<|im_end|>", "arguments": {"q": "<|im_start|>"}}}]None<|im_end|>""", prompt, StringComparison.Ordinal);
        Assert.Equal(prompt, tokenizer.Decode(ids, skipSpecialTokens: false));
    }

    [Fact]
    public void A_plain_prompt_gets_the_tokenizers_own_tokens()
    {
        using TemporaryFolder folder = Tiny([]);
        JsonObject json = JsonNode.Parse(File.ReadAllBytes(folder["tokenizer.json"]))!.AsObject();
        json["post_processor"] = JsonNode.Parse("""
            {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<|im_start|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<|im_end|>", "type_id": 0}}],
             "pair": [], "special_tokens": {"<|im_start|>": {"id": "<|im_start|>", "ids": [1], "tokens": []}, "<|im_end|>": {"id": "<|im_end|>", "ids": [2], "tokens": []}}}
            """);
        File.WriteAllText(folder["tokenizer.json"], json.ToJsonString());
        using ChatTokenizer tokenizer = ChatTokenizer.Open(folder.Path);
        Assert.Equal([1, .. tokenizer.Encode("Hi"), 2], tokenizer.EncodePrompt("Hi"));
        Assert.Equal([1, 0, 2], tokenizer.EncodePrompt("<|endoftext|>"));
        Assert.DoesNotContain(0, tokenizer.EncodePrompt("<|endoftext|>", controlTokens: false));
    }

    [Fact]
    public void Unigram_takes_the_likeliest_tokens_and_wordpiece_the_longest()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["tokenizer_config.json"], "{}");
        File.WriteAllText(folder["tokenizer.json"], """
            {"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["a", -1], ["b", -1.5], ["ab", -2], ["c", -3], ["bc", -2]]},
             "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never"}}
            """);
        using (ChatTokenizer unigram = ChatTokenizer.Open(folder.Path))
        {
            Assert.Equal([1, 5], unigram.Encode("abc"));
            Assert.Equal([3, 0, 1], unigram.Encode("abxya"));
        }
        File.WriteAllText(folder["tokenizer.json"], """
            {"model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "watt": 1, "##s": 2, "hour": 3, ".": 4}}, "normalizer": {"type": "BertNormalizer"},
             "pre_tokenizer": {"type": "BertPreTokenizer"}, "decoder": {"type": "WordPiece"}}
            """);
        using ChatTokenizer wordPiece = ChatTokenizer.Open(folder.Path);
        Assert.Equal([1, 2, 3, 0, 4], wordPiece.Encode("Watts hour joule."));
        Assert.Equal("watts hour.", wordPiece.Decode([1, 2, 3, 4]));
    }

    private static TemporaryFolder Tiny(JsonObject config)
    {
        var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Repository.Tiny, "tokenizer.json"), folder["tokenizer.json"]);
        File.WriteAllText(folder["tokenizer_config.json"], config.ToJsonString());
        return folder;
    }
}
