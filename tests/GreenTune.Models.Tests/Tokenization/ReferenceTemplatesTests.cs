using System.Text.Json;
using System.Text.Json.Nodes;
using GreenTune.Models.Tests.Support;
using GreenTune.Models.Tokenization;

namespace GreenTune.Models.Tests.Tokenization;

/// <summary>Renders against what transformers' jinja2 gives, or the error that it raises.</summary>
public sealed class ReferenceTemplatesTests
{
    public static TheoryData<string> Templates => ["chatml", "default-system", "headers-bos", "inst-alternate", "pipes-eos", "namespace-tools", "startswith-split"];

    [Theory]
    [MemberData(nameof(Templates))]
    public void Conversations_are_written_as_by_the_reference(string template)
    {
        string fixtures = Path.GetDirectoryName(Repository.Fixture("tokenizers"))!;
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(fixtures, "chat-templates.json")));
        JsonElement root = file.RootElement;
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Repository.Tiny, "tokenizer.json"), folder["tokenizer.json"]);
        File.WriteAllText(folder["tokenizer_config.json"], new JsonObject
        {
            ["bos_token"] = "<s>",
            ["eos_token"] = new JsonObject { ["content"] = "</s>", ["lstrip"] = false },
            ["chat_template"] = root.GetProperty("templates").GetProperty(template).GetString(),
        }.ToJsonString());
        using ChatTokenizer tokenizer = ChatTokenizer.Open(folder.Path);
        int cases = 0;
        foreach (JsonElement item in root.GetProperty("cases").EnumerateArray().Where(c => c.GetProperty("template").GetString() == template))
        {
            string conversation = item.GetProperty("conversation").GetString()!;
            bool begin = item.GetProperty("add_generation_prompt").GetBoolean();
            ChatMessage[] messages = [.. root.GetProperty("conversations").GetProperty(conversation).EnumerateArray().Select(Message)];
            JsonElement? tools = item.GetProperty("tools").GetBoolean() ? root.GetProperty("tools") : null;
            if (item.GetProperty("error").GetString() is { } error)
            {
                var e = Assert.Throws<TokenizerException>(() => tokenizer.ApplyChatTemplate(messages, begin, tools));
                Assert.EndsWith(": " + error, e.Message, StringComparison.Ordinal);
            }
            else
            {
                Assert.Equal((conversation, item.GetProperty("expected").GetString()), (conversation, tokenizer.ApplyChatTemplate(messages, begin, tools)));
            }
            cases++;
        }
        Assert.Equal(16, cases);
    }

    private static ChatMessage Message(JsonElement message) => new(message.GetProperty("role").GetString()!, message.GetProperty("content").GetString())
    {
        ToolCalls = message.TryGetProperty("tool_calls", out JsonElement calls) ? calls : null,
    };
}
