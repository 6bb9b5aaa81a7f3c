using FsCheck;
using FsCheck.Fluent;
using GreenTune.Accounting.RollUps;
using GreenTune.Accounting.Summaries;

namespace GreenTune.Accounting.Tests.Summaries;

public sealed class SpanCoverTests
{
    [Fact]
    public void The_parts_of_a_span_touch_each_other_from_its_beginning_to_its_end()
    {
        Gen<(long From, long To)> spans = from start in Gen.Choose(0, 2_000_000) from length in Gen.Choose(0, 500_000) from unit in Gen.Elements(1L, 60L, 3600L) select (start * unit, (start + length) * unit);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(spans.ToArbitrary(), span =>
        {
            (long from, long to) = (span.From * TimeSpan.TicksPerSecond, span.To * TimeSpan.TicksPerSecond);
            SpanCover cover = SpanCover.Of(from, to);
            Ticks[] parts = [.. cover.RollUps.Select(part => part.Span).Concat(cover.Edges).OrderBy(part => part.From)];
            bool whole = parts.Length == 0 ? from == to : parts[0].From == from && parts[^1].To == to && parts.Zip(parts.Skip(1)).All(pair => pair.First.To == pair.Second.From);
            return whole && parts.All(part => part.From < part.To)
                && cover.RollUps.All(part => part.Span.From % RollUpBatch.LengthOf(part.Level) == 0 && part.Span.To % RollUpBatch.LengthOf(part.Level) == 0)
                && cover.Edges.All(edge => edge.From / TimeSpan.TicksPerHour == (edge.To - 1) / TimeSpan.TicksPerHour)
                && cover.RollUps.Count <= 3 && cover.Edges.Count <= 2;
        }));
    }
}
