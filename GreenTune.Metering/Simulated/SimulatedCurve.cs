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
