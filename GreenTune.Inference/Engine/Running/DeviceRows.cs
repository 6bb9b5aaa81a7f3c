namespace GreenTune.Inference.Engine.Running;

/// <summary>
/// What the device's token and length buffers hold: after a step the tokens it chose and the lengths that follow. A batch that goes on unchanged needs
/// nothing sent.
/// </summary>
internal sealed class DeviceRows(int most)
{
    private readonly int[] _tokens = new int[most];
    private readonly int[] _past = new int[most];
    private int _rows;

    /// <summary>Whether the buffers hold this step's input. Rows that are padding may hold anything that harms no slot: length 0 or more where the slot is free, exactly the slot's length where it is not.</summary>
    /// <param name="tokens">By row.</param>
    /// <param name="past">By slot, padding included.</param>
    /// <param name="padded">Rows with padding.</param>
    public bool Holds(ReadOnlySpan<int> tokens, ReadOnlySpan<int> past, int padded)
    {
        if (_rows != padded || !tokens.SequenceEqual(_tokens.AsSpan(0, tokens.Length)) || !past[..tokens.Length].SequenceEqual(_past.AsSpan(0, tokens.Length)))
        {
            return false;
        }

        int longest = 0;
        foreach (int length in past[..tokens.Length])
        {
            longest = Math.Max(longest, length);
        }

        for (int row = tokens.Length; row < padded; row++)
        {
            // In a free slot padding may write anywhere but past the slot's end, which no row that runs has reached.
            if (past[row] == 0 ? _past[row] > longest : past[row] != _past[row])
            {
                return false;
            }
        }

        return true;
    }

    public void Sent(ReadOnlySpan<int> tokens, ReadOnlySpan<int> past, int padded)
    {
        tokens.CopyTo(_tokens);
        past[..padded].CopyTo(_past);
        _rows = padded;
    }

    /// <summary>A step ran: every length is one more, and the buffers hold what was chosen.</summary>
    public void Ran(ReadOnlySpan<int> chosen)
    {
        chosen.CopyTo(_tokens);
        for (int row = 0; row < _rows; row++)
        {
            _past[row]++;
        }
    }

    public void Forget() => _rows = 0;
}
