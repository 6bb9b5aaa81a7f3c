using System.Globalization;
using System.Text;
using System.Text.Json;
using GreenTune.Models.Tokenization.Interpreter;
using GreenTune.Models.Tokenization.Native;

namespace GreenTune.Models.Tokenization;

/// <summary>How serious a finding is.</summary>
public enum FindingSeverity
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Worth knowing; the model can be used.</summary>
    Note,

    /// <summary>The model would get wrong tokens, or cannot chat.</summary>
    Problem,
}

/// <summary>One thing that a check found.</summary>
/// <param name="Severity">How serious it is.</param>
/// <param name="What">What was looked at, in a few words.</param>
/// <param name="Detail">What was found, with an example.</param>
public sealed record TokenizerFinding(FindingSeverity Severity, string What, string Detail);

/// <summary>
/// Looks an imported folder's tokenizer and chat template over, without a reference to compare with: a list of awkward strings goes there and back, sample
/// conversations go through the template.
/// </summary>
public static class TokenizerSelfCheck
{
    private const int Examples = 3;
    private const int ExampleLength = 48;

    /// <param name="folder">Folder with tokenizer.json and tokenizer_config.json, and config.json where there is one.</param>
    /// <returns>Findings, never none. A tokenizer that cannot be opened is one problem.</returns>
    public static IReadOnlyList<TokenizerFinding> Run(string folder)
    {
        ChatTokenizer tokenizer;
        try
        {
            tokenizer = ChatTokenizer.Open(folder);
        }
        catch (ModelFolderException e)
        {
            return [new TokenizerFinding(FindingSeverity.Problem, "Tokenizer", e.Message)];
        }
        using (tokenizer)
        {
            return [RoundTrip(tokenizer), Unknown(tokenizer), ControlTexts(tokenizer), .. Ids(folder, tokenizer), Native(folder, tokenizer), .. TemplateSelfCheck.Run(tokenizer)];
        }
    }

    internal static string Shown(string text)
    {
        var shown = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (shown.Length > ExampleLength)
                return $"'{shown}...'";
            if (Rune.IsControl(rune))
                shown.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            else
                shown.Append(rune.ToString());
        }
        return $"'{shown}'";
    }

    private static TokenizerFinding RoundTrip(ChatTokenizer tokenizer)
    {
        const string What = "Round trip";
        var lost = new List<string>();
        foreach (string text in AwkwardTexts.All)
        {
            // Halves of surrogate pairs cannot come back.
            string whole = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            if (tokenizer.Decode(tokenizer.EncodeText(text), skipSpecialTokens: false) is var back && back != whole)
                lost.Add($"{Shown(whole)} comes back as {Shown(back)}");
        }
        int count = AwkwardTexts.All.Count;
        if (lost.Count == 0)
            return new TokenizerFinding(FindingSeverity.Ok, What, $"All {count} strings come back as they were.");
        string detail = $"{lost.Count} of {count} strings come back changed: {Some(lost)}.";
        return tokenizer.Interpreter.PromisesRoundTrip
            ? new TokenizerFinding(FindingSeverity.Problem, What, detail)
            : new TokenizerFinding(FindingSeverity.Note, What, detail + " This kind of tokenizer does not promise otherwise.");
    }

    private static TokenizerFinding Unknown(ChatTokenizer tokenizer)
    {
        const string What = "Unknown characters";
        if (tokenizer.Interpreter.UnknownId is not { } unknown)
            return new TokenizerFinding(FindingSeverity.Ok, What, "The tokenizer has no token for the unknown.");
        var texts = AwkwardTexts.All.Where(t => tokenizer.EncodeText(t).Contains(unknown)).Select(Shown).ToList();
        return texts.Count == 0
            ? new TokenizerFinding(FindingSeverity.Ok, What, $"None of {AwkwardTexts.All.Count} strings needs the unknown token.")
            : new TokenizerFinding(FindingSeverity.Note, What, $"{texts.Count} of {AwkwardTexts.All.Count} strings hold characters that the vocabulary cannot write: {Some(texts)}.");
    }

    private static TokenizerFinding ControlTexts(ChatTokenizer tokenizer)
    {
        const string What = "Control tokens";
        var control = tokenizer.Interpreter.AddedTokens.Where(t => t.Special && t.Id != tokenizer.Interpreter.UnknownId).ToList();
        if (control.Count == 0)
            return new TokenizerFinding(FindingSeverity.Note, What, "The tokenizer has no control tokens.");
        var ids = control.Select(t => t.Id).ToHashSet();
        var leaks = control.Where(t => tokenizer.EncodeText($"a {t.Content}b").Any(ids.Contains)).Select(t => Shown(t.Content)).ToList();
        var unread = control.Where(t => !t.SingleWord && !tokenizer.Encode($"a {t.Content} b").Contains(t.Id)).Select(t => Shown(t.Content)).ToList();
        if (leaks.Count > 0)
            return new TokenizerFinding(FindingSeverity.Problem, What, $"Text that somebody writes becomes a control token: {Some(leaks)}.");
        return unread.Count > 0
            ? new TokenizerFinding(FindingSeverity.Problem, What, $"The text of a control token does not give its id: {Some(unread)}.")
            : new TokenizerFinding(FindingSeverity.Ok, What, $"{control.Count} control tokens; none can be made by a message's text.");
    }

    private static IEnumerable<TokenizerFinding> Ids(string folder, ChatTokenizer tokenizer)
    {
        const string What = "Vocabulary size";
        int? size;
        try
        {
            size = VocabularySize(folder);
        }
        catch (JsonException e)
        {
            return [new TokenizerFinding(FindingSeverity.Problem, What, $"config.json cannot be used: {e.Message}")];
        }
        if (size is not { } rows)
            return [];
        if (tokenizer.VocabularySize <= rows)
            return [new TokenizerFinding(FindingSeverity.Ok, What, $"The tokenizer's ids end at {tokenizer.VocabularySize - 1}, the model's at {rows - 1}.")];
        int[] beyond = [.. Enumerable.Range(rows, tokenizer.VocabularySize - rows).Where(tokenizer.Interpreter.Table.Knows)];
        return
        [
            new TokenizerFinding(FindingSeverity.Problem, What,
                $"config.json says vocab_size {rows}, but the tokenizer has {beyond.Length} tokens beyond it: {Some([.. beyond.Select(i => $"{i} {Shown(tokenizer.Decode([i], skipSpecialTokens: false))}")])}."),
        ];
    }

    private static int? VocabularySize(string folder)
    {
        if (TokenizerFiles.Read(folder, "config.json") is not { } bytes)
            return null;
        using JsonDocument document = JsonDocument.Parse(bytes);
        var root = new JsonField(document.RootElement, "");
        JsonField size = root["vocab_size"];
        if (size.IsNull && !root["text_config"].IsNull)
            size = root["text_config"]["vocab_size"];
        return size.IsNull ? null : size.Integer;
    }

    private static TokenizerFinding Native(string folder, ChatTokenizer tokenizer)
    {
        const string What = "ONNX Runtime extensions";
        try
        {
            using OrtxTokenizer native = OrtxTokenizer.Open(Path.GetFullPath(folder));
            var differing = new List<string>();
            foreach (string text in AwkwardTexts.All)
            {
                // Its texts end at a NUL.
                string whole = text.Replace("\0", "", StringComparison.Ordinal);
                if (!native.Encode(whole).AsSpan().SequenceEqual(tokenizer.Encode(whole)))
                    differing.Add(Shown(whole));
            }
            return differing.Count == 0
                ? new TokenizerFinding(FindingSeverity.Ok, What, $"Its tokenizer gives the same ids for all {AwkwardTexts.All.Count} strings.")
                : new TokenizerFinding(FindingSeverity.Note, What, $"Its tokenizer, which GreenTune does not use, gives other ids for {differing.Count} of {AwkwardTexts.All.Count} strings: {Some(differing)}.");
        }
        catch (Exception e) when (e is TokenizerException or DllNotFoundException or EntryPointNotFoundException)
        {
            return new TokenizerFinding(FindingSeverity.Note, What, $"Its tokenizer, which GreenTune does not use, gives no second opinion: {e.Message}");
        }
    }

    private static string Some(List<string> items) => string.Join(", ", items.Take(Examples)) + (items.Count > Examples ? $" and {items.Count - Examples} more" : "");
}
