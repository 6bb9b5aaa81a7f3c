using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Scoring;

namespace GreenTune.Core.Tests.Scoring;

public sealed class QuantilesTests
{
    // R: quantile(c(1, 2, 3, 4), 0.95) is 3.85; numpy.percentile([15, 20, 35, 40, 50], 40) is 29.
    [Fact]
    public void Type_seven_as_r_and_numpy_do_it()
    {
        Assert.Equal(3.85, Quantiles.OfSorted([1, 2, 3, 4], 0.95), 12);
        Assert.Equal(29, Quantiles.OfSorted([15, 20, 35, 40, 50], 0.4), 12);
        Assert.Equal(7, Quantiles.OfSorted([7], 0.95));
    }

    [Fact]
    public void A_resample_by_copies_gives_what_the_written_out_resample_gives()
    {
        var cases = from n in Gen.Choose(1, 60) from picks in Gen.Choose(0, n - 1).ArrayOf(n) select picks;
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(cases.ToArbitrary(), picks =>
        {
            double[] values = [.. Enumerable.Range(0, picks.Length).Select(i => i * 1.5)];
            int[] copies = new int[picks.Length];
            foreach (int pick in picks)
            {
                copies[pick]++;
            }

            double[] written = [.. picks.Select(pick => values[pick]).Order()];
            return Math.Abs(Quantiles.OfSorted(written, 0.95) - Quantiles.OfResample(values, copies, 0.95)) < 1e-12;
        }));
    }
}
