using System.Text;
using GreenTune.Models.Calibration;
using GreenTune.Models.Tests.Support;
using GreenTune.Models.Tokenization;

namespace GreenTune.Models.Tests.Calibration;

public sealed class MarkedTextTests
{
    [Fact]
    public void Marks_separate_documents_and_turns()
    {
        MarkedText text = Of("First.\nStill first.\n%%\n@user\nA question?\n@assistant\nAn answer,\nof two lines.\n%%\n\nLast.\n");
        Assert.Equal(3, text.Documents.Count);
        Assert.Equal("First.\nStill first.", text.Documents[0].Text);
        Assert.Empty(text.Documents[0].Turns);
        Assert.Equal([new ChatMessage("user", "A question?"), new ChatMessage("assistant", "An answer,\nof two lines.")], text.Documents[1].Turns);
        Assert.Equal("Last.", text.Documents[2].Text);
    }

    [Fact]
    public void A_file_without_marks_is_one_document() =>
        Assert.Equal("50 %% of all\nusers", Assert.Single(Of("50 %% of all\r\nusers").Documents).Text);

    [Fact]
    public void Texts_that_hold_nothing_or_no_utf8_are_refused()
    {
        Assert.Contains("is empty", Assert.Throws<ArgumentException>(() => Of("\n%%\n\n")).Message, StringComparison.Ordinal);
        Assert.Contains("UTF-8", Assert.Throws<ArgumentException>(() => MarkedText.Of("x", [0xc3, 0x28])).Message, StringComparison.Ordinal);
        Assert.Contains("nowhere.txt", Assert.Throws<ModelFolderException>(() => MarkedText.Open("nowhere.txt")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_are_as_many_as_asked_for_and_no_sequence_is_too_long()
    {
        using ChatTokenizer tokenizer = ChatTokenizer.Open(Repository.Nano);
        IReadOnlyList<int[]> some = BundledTexts.Calibration.Encode(tokenizer, 1000, 128);
        Assert.InRange(some.Sum(s => s.Length), 950, 1000);
        Assert.All(some, s => Assert.InRange(s.Length, 2, 128));
        IReadOnlyList<int[]> all = BundledTexts.Calibration.Encode(tokenizer, null, 512);
        Assert.True(all.Sum(s => s.Length) > 8192);
        // Conversations and plain documents, the latter as what a user says, begin as the template does; cut documents go on.
        int begin = tokenizer.Encode("<|im_start|>")[0];
        Assert.True(some.Count(s => s[0] == begin) > some.Count / 2);
        Assert.Equal(BundledTexts.Calibration.Documents.Count, BundledTexts.Calibration.Encode(tokenizer, null, 2048).Count(s => s[0] == begin));
    }

    [Fact]
    public void The_two_bundled_texts_share_no_document_and_nothing_with_the_test_set()
    {
        HashSet<string> calibration = [.. BundledTexts.Calibration.Documents.Select(d => d.Text)];
        Assert.DoesNotContain(BundledTexts.Evaluation.Documents, d => calibration.Contains(d.Text));
        string all = string.Join('\n', calibration);
        foreach (string line in File.ReadLines(Path.Combine(Repository.Models, "sentiment_public.jsonl")))
        {
            using var item = System.Text.Json.JsonDocument.Parse(line);
            Assert.DoesNotContain(item.RootElement.GetProperty("text").GetString()!, all, StringComparison.OrdinalIgnoreCase);
        }
        Assert.InRange(BundledTexts.Calibration.Documents.Sum(d => d.Text.Length), 30_000, 60_000);
        Assert.InRange(BundledTexts.Evaluation.Documents.Sum(d => d.Text.Length), 14_000, 25_000);
        Assert.NotEqual(BundledTexts.Calibration.Sha256, BundledTexts.Evaluation.Sha256);
    }

    private static MarkedText Of(string text) => MarkedText.Of("test", Encoding.UTF8.GetBytes(text));
}
