using System.Globalization;

namespace GreenTune.Bench.Load;

/// <summary>Resident memory of another process on Linux (VmRSS), looked at ten times a second.</summary>
internal sealed class ResidentMemory : IDisposable
{
    private readonly int _process;
    private readonly Timer _timer;
    private readonly double _before;
    private double _most;

    public ResidentMemory(int process)
    {
        _process = process;
        _before = _most = Now();
        _timer = new Timer(_ => _most = Math.Max(_most, Now()), null, 100, 100);
    }

    public string Text() => string.Create(CultureInfo.InvariantCulture, $"{_before:0} / {Math.Max(_most, Now()):0} / {Now():0}");

    public void Dispose() => _timer.Dispose();

    private double Now()
    {
        string line = File.ReadLines($"/proc/{_process.ToString(CultureInfo.InvariantCulture)}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024 / 1e6;
    }
}
