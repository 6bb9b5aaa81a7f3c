namespace GreenTune.Core.Power;

/// <summary>
/// Joins blocks that are shorter than what a sample averages: such a sensor gives no energy for a shorter interval, only the same watts several times over. A marked
/// block stays by itself.
/// </summary>
internal sealed class BlockJoiner
{
    private EnergyBlock? _open;

    /// <summary>Adds a block that follows on the last one.</summary>
    /// <param name="block">The block.</param>
    /// <param name="cutting">What samples average now.</param>
    /// <param name="into">Receives the blocks that closed by it.</param>
    public void Add(in EnergyBlock block, BlockCutting cutting, List<EnergyBlock> into)
    {
        // The last sample of a window need not fall on its end.
        TimeSpan shortest = cutting.AveragingWindow - cutting.Period / 2;
        if (_open is { } open)
        {
            if (block.Marks != open.Marks || block.Start != open.End)
                Flush(into);
            else
                _open = Joined(open, block, cutting.AveragingWindow.TotalSeconds);
        }
        _open ??= block;
        if (_open.Value.End - _open.Value.Start >= shortest || (_open.Value.Marks & (TraceMarks.Gap | TraceMarks.Reset)) != 0)
            Flush(into);
    }

    /// <summary>Hands over what is there, however short.</summary>
    public void Flush(List<EnergyBlock> into)
    {
        if (_open is { } open)
            into.Add(open);
        _open = null;
    }

    public void Clear() => _open = null;

    private static EnergyBlock Joined(in EnergyBlock first, in EnergyBlock last, double window)
    {
        double seconds = (last.End - first.Start).TotalSeconds;
        return first with
        {
            End = last.End,
            Energy = first.Energy + last.Energy,
            Other = first.Other + last.Other,
            Noise = new(Math.Sqrt(first.Noise.Value * first.Noise.Value + last.Noise.Value * last.Noise.Value)),
            EdgeSeconds = Math.Sqrt(seconds * seconds + window * window) / Trapezoid.WidthOverSigma,
        };
    }
}
