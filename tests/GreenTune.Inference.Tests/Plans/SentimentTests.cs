using GreenTune.Inference.Plans;

namespace GreenTune.Inference.Tests.Plans;

public sealed class SentimentTests
{
    private static SentimentSet Set => SentimentSet.Read(Path.Combine(Repository.Root, "models", SentimentSet.FileName));

    [Fact]
    public void The_bundled_set_has_a_hundred_of_each_class()
    {
        IReadOnlyList<SentimentItem> all = Set.Draw(300, 1);
        Assert.Equal(300, Set.Count);
        Assert.All(all.GroupBy(item => item.Label), group => Assert.Equal(100, group.Count()));
        Assert.Equal(300, all.Select(item => item.Id).Distinct().Count());
    }

    [Fact]
    public void A_draw_is_balanced_and_the_same_for_the_same_seed()
    {
        IReadOnlyList<SentimentItem> drawn = Set.Draw(60, 5);
        Assert.All(drawn.GroupBy(item => item.Label), group => Assert.Equal(20, group.Count()));
        Assert.Equal(drawn, Set.Draw(60, 5));
        Assert.NotEqual(drawn, Set.Draw(60, 6));
    }

    [Theory]
    [InlineData("Positive [The text praises]", Sentiment.Positive)]
    [InlineData("  negative.", Sentiment.Negative)]
    [InlineData("**Neutral** because", Sentiment.Neutral)]
    [InlineData("The text is positive", null)]
    [InlineData("Positively charged", null)]
    [InlineData("", null)]
    internal void The_label_is_what_the_answer_begins_with(string answer, Sentiment? label) => Assert.Equal(label, SentimentPrompts.Label(answer));

    [Fact]
    public void A_broken_line_is_named()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "{\"id\":\"a\",\"text\":\"b\",\"label\":\"Neutral\"}\n{\"id\":\"a\",\"text\":\"b\",\"label\":\"Happy\"}\n");
            Assert.Contains("line 2", Assert.Throws<InvalidDataException>(() => SentimentSet.Read(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
