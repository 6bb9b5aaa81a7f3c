using System.Text;
using FsCheck;
using FsCheck.Fluent;
using GreenTune.Inference.Chat.Answers;

namespace GreenTune.Inference.Tests.Chat.Answers;

public sealed class StopStringsTests
{
    [Fact]
    public void Without_stop_strings_everything_passes_at_once()
    {
        var stops = new StopStrings([]);
        Assert.Equal("abc", stops.Add("abc"));
        Assert.Equal("", stops.Rest());
    }

    [Fact]
    public void A_stop_string_across_pieces_ends_the_text_before_it()
    {
        var stops = new StopStrings(["END"]);
        Assert.Equal("one ", stops.Add("one E"));
        Assert.Equal("", stops.Add("N"));
        Assert.Equal("", stops.Add("D two"));
        Assert.True(stops.Hit);
        Assert.Equal("", stops.Add("more"));
        Assert.Equal("", stops.Rest());
    }

    [Fact]
    public void A_beginning_that_leads_nowhere_comes_out_later()
    {
        var stops = new StopStrings(["END"]);
        Assert.Equal("x", stops.Add("xEN"));
        Assert.Equal("ENx", stops.Add("x"));
        Assert.False(stops.Hit);
    }

    [Fact]
    public void The_earliest_of_several_stop_strings_counts()
    {
        Assert.Equal("a", new StopStrings(["c", "b"]).Add("abc"));
    }

    /// <summary>However a text is cut into pieces, what comes out is the text before the first stop string.</summary>
    [Fact]
    public void The_pieces_borders_do_not_matter()
    {
        Gen<string> letters = Gen.Elements('a', 'b', 'c').ListOf().Select(list => string.Concat(list));
        var cases =
            from pieces in letters.ListOf()
            from stops in letters.Where(text => text.Length > 0).ListOf().Select(list => list.Take(3).ToArray())
            select (pieces.ToArray(), stops);
        Check.One(
            Config.QuickThrowOnFailure,
            Prop.ForAll(cases.ToArbitrary(), input =>
            {
                (string[] pieces, string[] stopStrings) = input;
                var stops = new StopStrings(stopStrings);
                var shown = new StringBuilder();
                foreach (string piece in pieces)
                {
                    shown.Append(stops.Add(piece));
                }

                shown.Append(stops.Rest());
                string text = string.Concat(pieces);
                int[] found = [.. stopStrings.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0)];
                // With overlapping candidates the one that is complete first wins, so the cut lies at or before the earliest that starts.
                string longest = found.Length == 0 ? text : text[..found.Max()];
                string shortest = found.Length == 0 ? text : text[..found.Min()];
                string actual = shown.ToString();
                return stops.Hit == found.Length > 0 && longest.StartsWith(actual, StringComparison.Ordinal) && actual.Length >= shortest.Length;
            }));
    }
}
