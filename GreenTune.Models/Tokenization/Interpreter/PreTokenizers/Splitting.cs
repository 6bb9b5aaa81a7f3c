namespace GreenTune.Models.Tokenization.Interpreter.PreTokenizers;

/// <summary>What becomes of the delimiters that a split finds.</summary>
internal enum SplitBehaviour
{
    /// <summary>They are dropped.</summary>
    Removed,

    /// <summary>Each is a piece.</summary>
    Isolated,

    /// <summary>Each ends the piece before it.</summary>
    MergedWithPrevious,

    /// <summary>Each begins the piece behind it.</summary>
    MergedWithNext,

    /// <summary>Neighbours are one piece.</summary>
    Contiguous,
}

/// <summary>Cuts a piece at delimiters.</summary>
internal static class Splitting
{
    /// <param name="piece">Piece to cut.</param>
    /// <param name="matches">Delimiters' places in it, left to right; used up.</param>
    /// <param name="behaviour">What becomes of them.</param>
    /// <param name="invert">What lies between them is the delimiter instead.</param>
    /// <param name="output">Takes the parts.</param>
    public static void Cut(Piece piece, List<(int Start, int End)> matches, SplitBehaviour behaviour, bool invert, List<Piece> output)
    {
        int start = 0;
        // Begin of the piece that is being put together, and whether its last part was a delimiter.
        int open = 0;
        bool lastWasMatch = false;
        foreach ((int from, int to) in matches)
        {
            if (from > start)
                Part(start, from, invert);
            Part(from, to, !invert);
            start = to;
        }
        if (start < piece.Length)
            Part(start, piece.Length, invert);
        Emit(open, piece.Length);

        void Part(int from, int to, bool isMatch)
        {
            switch (behaviour)
            {
                case SplitBehaviour.Removed:
                    if (!isMatch)
                        output.Add(piece.Slice(from, to - from));
                    open = piece.Length;
                    break;
                case SplitBehaviour.Isolated:
                    output.Add(piece.Slice(from, to - from));
                    open = piece.Length;
                    break;
                case SplitBehaviour.Contiguous when from > 0 && isMatch != lastWasMatch:
                case SplitBehaviour.MergedWithPrevious when from > 0 && (!isMatch || lastWasMatch):
                case SplitBehaviour.MergedWithNext when from > 0 && isMatch:
                    Emit(open, from);
                    open = from;
                    break;
                default:
                    break;
            }
            lastWasMatch = isMatch;
        }

        void Emit(int from, int to)
        {
            if (to > from)
                output.Add(piece.Slice(from, to - from));
        }
    }
}
