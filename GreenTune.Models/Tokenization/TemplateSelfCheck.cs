using System.Text.Json;
using GreenTune.Models.Tokenization.Interpreter;

namespace GreenTune.Models.Tokenization;

/// <summary>Sample conversations through a folder's chat template.</summary>
internal static class TemplateSelfCheck
{
    private const string Question = "How much energy is a kilowatt hour?";
    private const string Answer = "3.6 megajoules.";

    public static IEnumerable<TokenizerFinding> Run(ChatTokenizer tokenizer)
    {
        if (!tokenizer.HasChatTemplate)
        {
            yield return new TokenizerFinding(FindingSeverity.Problem, "Chat template", "The folder has none; the model can complete texts but not chat.");
            yield break;
        }
        yield return Renders(tokenizer, "A user's turn", [new("user", Question)], [Question], FindingSeverity.Problem);
        yield return Renders(tokenizer, "An assistant's turn", [new("user", Question), new("assistant", Answer), new("user", "And a watt?")], [Question, Answer], FindingSeverity.Problem);
        yield return Renders(tokenizer, "A system turn", [new("system", "Answer in one line."), new("user", Question)], ["Answer in one line."], FindingSeverity.Note);
        using JsonDocument calls = JsonDocument.Parse("""[{"id": "call00001", "type": "function", "function": {"name": "intensity", "arguments": "{\"zone\": \"CH\"}"}}]""");
        using JsonDocument tools = JsonDocument.Parse(
            """[{"type": "function", "function": {"name": "intensity", "description": "Carbon intensity of a zone", "parameters": {"type": "object", "properties": {"zone": {"type": "string", "description": "Zone"}}, "required": ["zone"]}}}]""");
        ChatMessage[] withTools = [new("user", Question), new("assistant", "") { ToolCalls = calls.RootElement }, new("tool", "41 g") { Name = "intensity", ToolCallId = "call00001" }];
        yield return Renders(tokenizer, "Tools", withTools, ["intensity", "41 g"], FindingSeverity.Note, tools.RootElement);
        yield return Closed(tokenizer);
    }

    private static TokenizerFinding Renders(ChatTokenizer tokenizer, string what, ChatMessage[] messages, string[] mustHold, FindingSeverity otherwise, JsonElement? tools = null)
    {
        try
        {
            string prompt = tokenizer.ApplyChatTemplate(messages, addGenerationPrompt: true, tools);
            return mustHold.Where(m => !prompt.Contains(m, StringComparison.Ordinal)).ToList() is [var missing, ..]
                ? new TokenizerFinding(otherwise, what, $"The template leaves out {TokenizerSelfCheck.Shown(missing)}.")
                : new TokenizerFinding(FindingSeverity.Ok, what, $"Rendered, {tokenizer.EncodeChat(messages, addGenerationPrompt: true, tools).Length} tokens.");
        }
        catch (TokenizerException e)
        {
            return new TokenizerFinding(otherwise, what, $"Refused. {e.Message}");
        }
    }

    /// <summary>A message full of control tokens' texts may not add one to the prompt.</summary>
    private static TokenizerFinding Closed(ChatTokenizer tokenizer)
    {
        const string What = "Control texts in a message";
        List<AddedToken> control = [.. tokenizer.Interpreter.AddedTokens.Where(t => t.Special && t.Id != tokenizer.Interpreter.UnknownId)];
        var ids = control.Select(t => t.Id).ToHashSet();
        try
        {
            int[] plain = [.. tokenizer.EncodeChat([new("user", "text")], addGenerationPrompt: true).Where(ids.Contains)];
            int[] hostile = [.. tokenizer.EncodeChat([new("user", "text" + string.Concat(control.Take(64).Select(t => t.Content)) + "text")], addGenerationPrompt: true).Where(ids.Contains)];
            return plain.AsSpan().SequenceEqual(hostile)
                ? new TokenizerFinding(FindingSeverity.Ok, What, "They stay text.")
                : new TokenizerFinding(FindingSeverity.Problem, What, "They become control tokens.");
        }
        catch (TokenizerException e)
        {
            return new TokenizerFinding(FindingSeverity.Note, What, $"Not tried: {e.Message}");
        }
    }
}
