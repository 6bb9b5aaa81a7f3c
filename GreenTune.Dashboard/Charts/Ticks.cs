namespace GreenTune.Dashboard.Charts;

/// <summary>Round values along an axis.</summary>
public static class Ticks
{
    /// <summary>Ticks from 0 to at least <paramref name="max"/>, about <paramref name="count"/> of them, on steps of 1, 2, 2.5 or 5 times a power of ten.</summary>
    public static IReadOnlyList<double> FromZero(double max, int count = 4)
    {
        if (!(max > 0) || !double.IsFinite(max))
        {
            return [0, 1];
        }

        var step = Step(max / count);
        var last = (int)Math.Ceiling((max / step) - 1e-9);
        return [.. Enumerable.Range(0, last + 1).Select(i => i * step)];
    }

    /// <summary>Ticks that enclose a range which need not start at 0.</summary>
    public static IReadOnlyList<double> Enclosing(double min, double max, int count = 5)
    {
        if (!(max > min))
        {
            return [min - 0.5, min + 0.5];
        }

        var step = Step((max - min) / count);
        var first = (long)Math.Floor((min / step) + 1e-9);
        var last = (long)Math.Ceiling((max / step) - 1e-9);
        return [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step)];
    }

    /// <summary>At least three ticks inside a range, on round steps.</summary>
    public static IReadOnlyList<double> Inside(double min, double max, int count)
    {
        if (!(max > min))
        {
            return [min];
        }

        for (var tries = count; ; tries++)
        {
            var step = Step((max - min) / tries);
            var first = (long)Math.Ceiling((min / step) - 1e-9);
            var last = (long)Math.Floor((max / step) + 1e-9);
            if (last - first >= 2 || tries > count + 8)
            {
                return [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step)];
            }
        }
    }

    /// <summary>1, 2 and 5 times the powers of ten within a range; for a logarithmic axis.</summary>
    public static IReadOnlyList<double> Logarithmic(double min, double max)
    {
        if (!(min > 0) || !(max > min))
        {
            return [];
        }

        var ticks = new List<double>();
        for (var power = Math.Floor(Math.Log10(min)); power <= Math.Ceiling(Math.Log10(max)); power++)
        {
            foreach (var digit in (double[])[1, 2, 5])
            {
                var tick = digit * Math.Pow(10, power);
                if (tick >= min * 0.999 && tick <= max * 1.001)
                {
                    ticks.Add(tick);
                }
            }
        }

        return ticks;
    }

    /// <summary>The distance between neighbours.</summary>
    public static double StepOf(IReadOnlyList<double> ticks) => ticks.Count > 1 ? ticks[1] - ticks[0] : 1;

    private static double Step(double raw)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var lead = raw / power;
        return power * (lead <= 1.0001 ? 1 : lead <= 2.0001 ? 2 : lead <= 2.5001 ? 2.5 : lead <= 5.0001 ? 5 : 10);
    }
}
