using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using GreenTune.Inference.Chat.Tools;

namespace GreenTune.Inference.Tests.Chat.Tools;

public sealed class ToolCallReaderTests
{
    private static readonly ToolSet Tools = new(JsonDocument.Parse("[]").RootElement, new HashSet<string> { "get", "set" });

    [Theory]
    [InlineData("<tool_call>{\"name\": \"get\", \"arguments\": {\"n\": 1}}</tool_call>", "", "get {\"n\": 1}")]
    [InlineData("<tool_call>\n{\"name\": \"get\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n{\"name\": \"set\", \"arguments\": {}}\n</tool_call>\n", "", "get {}|set {}")]
    [InlineData("I look. <tool_call>{\"name\": \"get\", \"arguments\": {}}</tool_call> Done.", "I look.  Done.", "get {}")]
    [InlineData("<tool_call>{\"name\": \"get\", \"arguments\": {}}", "", "get {}")]
    [InlineData("\n\n<tool_call>{\"name\": \"get\", \"arguments\": \"{\\\"n\\\": 1}\"}</tool_call>", "", "get {\"n\": 1}")]
    [InlineData("[TOOL_CALLS] [{\"name\": \"get\", \"arguments\": {\"n\": 1}}, {\"name\": \"set\", \"arguments\": {}}]", "", "get {\"n\": 1}|set {}")]
    [InlineData("[TOOL_CALLS]get[ARGS]{\"n\": 1}", "", "get {\"n\": 1}")]
    [InlineData("[TOOL_CALLS]get{\"n\": 1}[TOOL_CALLS]set[CALL_ID]a1b2c3d4e[ARGS]{}", "", "get {\"n\": 1}|set {}")]
    [InlineData("Wait. [TOOL_CALLS]get{}", "Wait. ", "get {}")]
    [InlineData("{\"name\": \"get\", \"parameters\": {\"n\": 1}}", "", "get {\"n\": 1}")]
    [InlineData(" {\"name\": \"get\", \"parameters\": {}}; {\"name\": \"set\", \"parameters\": {}}", "", "get {}|set {}")]
    [InlineData("<|python_tag|>{\"name\": \"get\", \"parameters\": {}}", "", "get {}")]
    [InlineData("{\"type\": \"function\", \"function\": {\"name\": \"get\", \"arguments\": {}}}", "", "get {}")]
    public void Calls_are_found_in_the_forms_of_published_models(string answer, string text, string calls) => AssertRead(answer, text, calls);

    [Theory]
    [InlineData("No call at all.")]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("Use <tool> or <tool_cal")]
    [InlineData("<tool_call>not JSON</tool_call> text")]
    [InlineData("<tool_call>{\"name\": \"other\", \"arguments\": {}}</tool_call>")]
    [InlineData("<tool_call>{\"name\": \"get\"}</tool_call>")]
    [InlineData("<tool_call>{\"name\": \"get\", \"arguments\": [1]}</tool_call>")]
    [InlineData("<tool_call>{\"name\": \"get\", \"arguments\": {\"n\": ")]
    [InlineData("{\"name\": \"Ada\", \"age\": 36}")]
    [InlineData("{\"name\": \"get\", \"parameters\": {}} is how it is called")]
    [InlineData("{\"name\": \"get\", \"parameters\": {}}; {\"name\": \"other\", \"parameters\": {}}")]
    [InlineData("{ not JSON")]
    [InlineData("[TOOL_CALLS]other{}")]
    [InlineData("[TOOL_CALLS]get{} and more")]
    [InlineData("{\"name\": \"\\ud800\", \"parameters\": {}}")]
    public void What_is_no_call_of_an_offered_tool_stays_the_text_that_it_is(string answer) => AssertRead(answer, answer, "");

    [Fact]
    public void A_calls_own_id_is_kept_and_one_without_gets_nine_letters_and_digits()
    {
        List<ToolCall> calls = [];
        var reader = new ToolCallReader(Tools);
        reader.Add("[TOOL_CALLS] [{\"name\": \"get\", \"arguments\": {}, \"id\": \"abcdefghi\"}, {\"name\": \"get\", \"arguments\": {}}]", calls);
        reader.End(calls);
        Assert.Equal("abcdefghi", calls[0].Id);
        Assert.Matches("^[A-Za-z0-9]{9}$", calls[1].Id);
    }

    [Fact]
    public void Text_before_a_call_is_not_held_back()
    {
        var reader = new ToolCallReader(Tools);
        List<ToolCall> calls = [];
        Assert.Equal("I look it up", reader.Add("I look it up", calls));
        Assert.Equal(" now ", reader.Add(" now <tool", calls));
        Assert.Equal("<toolth", reader.Add("th", calls));
    }

    [Fact]
    public void Whatever_the_pieces_an_answer_reads_the_same()
    {
        string[] parts =
        [
            "<tool_call>", "</tool_call>", "{\"name\": \"get\", \"arguments\": {}}", "{\"name\": \"nope\", \"arguments\": {}}", "[TOOL_CALLS]", "get", "[ARGS]", "{}", "<|python_tag|>", "text", " ", "\n", "<", "[", "{", ";",
        ];
        Gen<(string, int[])> answers =
            from pieces in Gen.Elements(parts).ListOf()
            from cuts in Gen.Choose(1, 7).ArrayOf(40)
            select (string.Concat(pieces), cuts);
        Prop.ForAll(answers.ToArbitrary(), sample =>
        {
            (string answer, int[] cuts) = sample;
            (string whole, List<ToolCall> expected) = Read([answer]);
            (string text, List<ToolCall> calls) = Read(Cut(answer, cuts));
            Assert.Equal(whole, text);
            Assert.Equal(expected.Select(call => (call.Name, call.Arguments)), calls.Select(call => (call.Name, call.Arguments)));
            if (calls.Count == 0)
            {
                Assert.Equal(answer, text);
            }
        }).QuickCheckThrowOnFailure();
    }

    private static void AssertRead(string answer, string text, string calls)
    {
        foreach (IEnumerable<string> pieces in (IEnumerable<string>[])[[answer], answer.Select(c => c.ToString())])
        {
            (string read, List<ToolCall> found) = Read(pieces);
            Assert.Equal(calls, string.Join('|', found.Select(call => $"{call.Name} {call.Arguments}")));
            Assert.Equal(text, found.Count > 0 ? read.TrimEnd('\n') : read);
        }
    }

    private static (string Text, List<ToolCall> Calls) Read(IEnumerable<string> pieces)
    {
        var reader = new ToolCallReader(Tools);
        List<ToolCall> calls = [];
        string text = string.Concat(pieces.Select(piece => reader.Add(piece, calls)).ToList());
        text += reader.End(calls);
        Assert.Equal(calls.Count, reader.Count);
        return (text, calls);
    }

    private static IEnumerable<string> Cut(string text, int[] lengths)
    {
        int at = 0;
        for (int i = 0; at < text.Length; i++)
        {
            int length = Math.Min(lengths[i % lengths.Length], text.Length - at);
            yield return text.Substring(at, length);
            at += length;
        }
    }
}
