using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>Power of the sample device as a function of time: bursts over the baseline, the same whenever it is asked.</summary>
internal static class SamplePower
{
    public const string Device = "cpu-0";

    public static double At(DateTimeOffset at)
    {
        var seconds = at.ToUnixTimeMilliseconds() / 1000.0 % 60;
        var wobble = (Math.Sin(seconds * 7.3) + Math.Sin(seconds * 17.1)) * 0.12;
        // Start, length and height of the minute's requests.
        foreach (var (from, length, watts) in ((double, double, double)[])[(3, 2.2, 12.2), (9, 8.5, 9.1), (26, 3.1, 15.4), (41, 1.6, 11.8), (46, 6.4, 13.6), (53.5, 4.2, 16.9)])
        {
            if (seconds >= from && seconds < from + length)
            {
                return watts - ((seconds - from) / length * 2.4) + (wobble * 2);
            }
        }

        return SampleRecords.BaselineWatts + Math.Abs(wobble);
    }

    public static PowerFrame Frame(DateTimeOffset from, DateTimeOffset to)
    {
        var points = new List<PowerPoint>();
        var step = TimeSpan.FromMilliseconds(250);
        for (var at = new DateTimeOffset(from.Ticks / step.Ticks * step.Ticks, from.Offset) + step; at <= to; at += step)
        {
            points.Add(new PowerPoint(at, At(at)));
        }

        return new PowerFrame(Device, new Watts(SampleRecords.BaselineWatts), points);
    }
}
