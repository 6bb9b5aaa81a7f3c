namespace GreenTune.Core.Attribution;

/// <summary>A running sum that keeps its rounding error (Neumaier), so that a bucket filled for months still balances to 1e-9.</summary>
internal struct CompensatedSum
{
    private double _sum;
    private double _lost;

    public readonly double Value => _sum + _lost;

    public void Add(double term)
    {
        double next = _sum + term;
        _lost += Math.Abs(_sum) >= Math.Abs(term) ? _sum - next + term : term - next + _sum;
        _sum = next;
    }
}
