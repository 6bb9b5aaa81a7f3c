using System.Globalization;

namespace GreenTune.Metering.Simulated;

/// <summary>
/// A device's true power as pieces of constant power, from which averages and energies follow exactly. Time counts in seconds from the
/// curve's own origin. Not thread-safe.
/// </summary>
public sealed class SimulatedCurve
{
    private readonly List<(double End, double Watts, double EnergyAtEnd)> _pieces = [];
    private readonly double _restWatts;

    /// <param name="restWatts">Power after the last piece.</param>
    public SimulatedCurve(double restWatts) => _restWatts = restWatts;

    /// <summary>Any curve, in pieces so short that each is constant.</summary>
    /// <param name="watts">Power at a time in seconds.</param>
    /// <param name="seconds">Until when.</param>
    /// <param name="step">Length of a piece, in seconds, above 0.</param>
    /// <param name="restWatts">Power after that.</param>
    public static SimulatedCurve Of(Func<double, double> watts, double seconds, double step, double restWatts)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(step);
        var curve = new SimulatedCurve(restWatts);
        for (long i = 0; i * step < seconds; i++)
            curve.Append(Math.Min(seconds, (i + 1) * step), watts((i + 0.5) * step));
        return curve;
    }

    /// <summary>
    /// Reads a curve of lines "seconds,watts": the power until that time, from the time of the line before. Blank lines, lines that start with # and a heading are
    /// skipped.
    /// </summary>
    /// <exception cref="FormatException">A line is not of that form or not after the one before; the message names its number.</exception>
    public static IReadOnlyList<(double Until, double Watts)> Parse(TextReader reader)
    {
        var pieces = new List<(double, double)>();
        double last = 0;
        for (int number = 1; reader.ReadLine() is { } raw; number++)
        {
            string line = raw.Trim();
            if (line.Length == 0 || line[0] == '#' || line.StartsWith("seconds", StringComparison.OrdinalIgnoreCase))
                continue;
            string[] fields = line.Split(',');
            if (fields.Length != 2 || Number(fields[0]) is not { } until || Number(fields[1]) is not { } watts || watts is < 0 or > 1e5)
                throw new FormatException($"Line {number} of the curve is not \"seconds,watts\" (for example \"1.5,320\"): {line}");
            if (until <= last)
                throw new FormatException($"Line {number} of the curve ends at {fields[0].Trim()} s, which is not after the line before it: {line}");
            pieces.Add((until, watts));
            last = until;
        }
        return pieces.Count > 0 ? pieces : throw new FormatException("The curve holds no line; lines are \"seconds,watts\", for example \"1.5,320\".");

        static double? Number(string field) =>
            double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : null;
    }

    /// <summary>End of the last piece, in seconds.</summary>
    public double End => _pieces.Count > 0 ? _pieces[^1].End : 0;

    /// <summary>Continues the curve to a time at a power. A time that is not after <see cref="End"/> is ignored.</summary>
    public void Append(double until, double watts)
    {
        if (until <= End)
            return;
        double energy = _pieces.Count > 0 ? _pieces[^1].EnergyAtEnd : 0;
        _pieces.Add((until, watts, energy + watts * (until - End)));
    }

    /// <summary>Energy from the origin to a time, in joules; before the origin the rest power applies.</summary>
    public double EnergyTo(double seconds)
    {
        if (seconds <= 0)
            return seconds * _restWatts;
        int low = 0, high = _pieces.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_pieces[middle].End >= seconds)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }
        (double start, double energy) = low > 0 ? (_pieces[low - 1].End, _pieces[low - 1].EnergyAtEnd) : (0, 0);
        return energy + (seconds - start) * (low < _pieces.Count ? _pieces[low].Watts : _restWatts);
    }

    /// <summary>Mean power over a window that ends at a time, in watts; a window of 0 is 1 microsecond.</summary>
    public double MeanPower(double end, double window)
    {
        double width = Math.Max(window, 1e-6);
        return (EnergyTo(end) - EnergyTo(end - width)) / width;
    }
}
