using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Totals;

namespace GreenTune.Core.Tests.Totals;

public sealed class LogHistogramTests
{
    private static readonly Gen<double> Seconds = from exponent in Gen.Choose(-6000, 6000) select Math.Pow(10, exponent / 1000.0);

    [Fact]
    public void Any_quantile_is_the_nearest_rank_to_one_per_cent()
    {
        Gen<(double[] Values, double Q)> cases = from values in Seconds.NonEmptyListOf() from q in Gen.Choose(0, 1000) select (values.ToArray(), q / 1000.0);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(cases.ToArbitrary(), tried =>
        {
            LogHistogram histogram = Of(tried.Values);
            double[] ascending = [.. tried.Values.Order()];
            double exact = ascending[Math.Max(1, (int)Math.Ceiling(tried.Q * ascending.Length)) - 1];
            return Math.Abs(histogram.Quantile(tried.Q)!.Value - exact) <= LogHistogram.RelativeError * exact * (1 + 1e-9);
        }));
    }

    [Fact]
    public void Parts_add_up_to_the_whole_packed_or_not()
    {
        Gen<(double[] One, double[] Other)> cases = from one in Seconds.ListOf() from other in Seconds.ListOf() select (one.ToArray(), other.ToArray());
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(cases.ToArbitrary(), tried =>
        {
            byte[] whole = Of([.. tried.One, .. tried.Other]).Pack();
            LogHistogram added = Of(tried.One);
            added.Add(Of(tried.Other));
            LogHistogram unpacked = Of(tried.One);
            unpacked.AddPacked(Of(tried.Other).Pack());
            return added.Pack().SequenceEqual(whole) && unpacked.Pack().SequenceEqual(whole) && unpacked.Count == tried.One.Length + tried.Other.Length;
        }));
    }

    [Fact]
    public void What_is_out_of_range_is_clamped_and_what_is_no_number_is_refused()
    {
        LogHistogram histogram = Of([0, 1e-9, 1e12]);
        Assert.Equal(3, histogram.Count);
        Assert.Equal(LogHistogram.Least, histogram.Quantile(0)!.Value, LogHistogram.Least * 0.01);
        Assert.Equal(LogHistogram.Most, histogram.Quantile(1)!.Value, LogHistogram.Most * 0.02);
        Assert.Null(new LogHistogram().Quantile(0.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => histogram.Add(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => histogram.Add(-1));
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 9 })]
    [InlineData(new byte[] { 1, 5 })]
    [InlineData(new byte[] { 1, 0x80 })]
    [InlineData(new byte[] { 1, 0xFF, 0x7F, 1 })]
    public void Bytes_that_are_no_histogram_are_refused(byte[] bytes) => Assert.Throws<InvalidDataException>(() => new LogHistogram().AddPacked(bytes));

    [Fact]
    public void A_histogram_of_like_requests_takes_some_dozen_bytes()
    {
        byte[] packed = Of([.. Enumerable.Range(0, 10_000).Select(i => 0.5 + i / 20_000.0)]).Pack();
        Assert.InRange(packed.Length, 40, 160);
    }

    private static LogHistogram Of(double[] values)
    {
        var histogram = new LogHistogram();
        foreach (double value in values)
        {
            histogram.Add(value);
        }

        return histogram;
    }
}
