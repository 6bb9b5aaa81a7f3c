using FsCheck;
using FsCheck.Fluent;
using GreenTune.Accounting.Records;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.Tests.Records;

public sealed class TraceCodecTests
{
    [Fact]
    public void Any_trace_comes_back_to_the_microsecond_and_to_seven_digits()
    {
        var points = from at in Gen.Choose(-10_000_000, 600_000_000) from watts in Gen.Choose(0, 700_000) select new TracePoint(at / 1e6, watts / 1e3);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(points.ListOf().ToArbitrary(), trace =>
        {
            IReadOnlyList<TracePoint> back = TraceCodec.Unpack(TraceCodec.Pack([.. trace]));
            return back.Count == trace.Count && back.Zip(trace).All(pair =>
                Math.Abs(pair.First.OffsetSeconds - pair.Second.OffsetSeconds) < 1e-6 && Math.Abs(pair.First.Watts - pair.Second.Watts) <= 1e-6 * pair.Second.Watts);
        }));
    }

    [Fact]
    public void A_point_takes_about_seven_bytes()
    {
        byte[] packed = TraceCodec.Pack([.. Enumerable.Range(0, 240).Select(i => new TracePoint(i * 0.02, 200 + i))]);
        Assert.InRange(packed.Length / 240.0, 6, 8);
    }

    [Fact]
    public void Bytes_of_another_version_or_cut_short_are_refused()
    {
        byte[] packed = TraceCodec.Pack([new(0, 1), new(1, 2)]);
        Assert.Throws<InvalidDataException>(() => TraceCodec.Unpack([9, .. packed[1..]]));
        Assert.Throws<InvalidDataException>(() => TraceCodec.Unpack(packed.AsSpan(0, packed.Length - 1)));
        Assert.Throws<InvalidDataException>(() => TraceCodec.Unpack([1]));
    }
}
