using System.Runtime.CompilerServices;

namespace GreenTune.Models.Tokenization.Interpreter.Patterns;

/// <summary>A text being matched, and how much work that may still take.</summary>
internal ref struct PatternState(ReadOnlySpan<char> text, long budget, int loops)
{
    public readonly ReadOnlySpan<char> Text = text;

    public readonly int[] Counts = loops == 0 ? [] : new int[loops];

    public readonly int[] Starts = loops == 0 ? [] : new int[loops];

    private long _budget = budget;

    /// <summary>Code point at a position and the one behind it; half a surrogate pair counts as itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly int At(int position, out int next)
    {
        char c = Text[position];
        next = position + 1;
        if (char.IsHighSurrogate(c) && next < Text.Length && char.IsLowSurrogate(Text[next]))
            return char.ConvertToUtf32(c, Text[next++]);
        return c;
    }

    public readonly int Back(int position) =>
        position >= 2 && char.IsLowSurrogate(Text[position - 1]) && char.IsHighSurrogate(Text[position - 2]) ? position - 2 : position - 1;

    public void Spend(int steps)
    {
        _budget -= steps;
        if (_budget < 0)
            throw new TokenizerException("The tokenizer's regular expression takes too many steps on this text.");
    }
}

/// <summary>A part of a pattern, linked to what must match behind it.</summary>
internal abstract class PatternNode
{
    public const int Failed = -1;

    public PatternNode? Next { get; set; }

    /// <summary>End of the match that begins here, with everything behind it, or <see cref="Failed"/>.</summary>
    public abstract int Match(ref PatternState state, int position);

    protected int Continue(ref PatternState state, int position) => Next is null ? position : Next.Match(ref state, position);
}

/// <summary>One character of a set, as often as allowed.</summary>
internal sealed class CharactersNode(CharacterSet set, int least, int most, Repetition repetition) : PatternNode
{
    public override int Match(ref PatternState state, int position)
    {
        int count = 0;
        if (repetition == Repetition.Lazy)
        {
            while (true)
            {
                if (count >= least && Continue(ref state, position) is var end and >= 0)
                    return end;
                if (count >= most || position >= state.Text.Length || !set.Contains(state.At(position, out int next)))
                    return Failed;
                position = next;
                count++;
                state.Spend(1);
            }
        }
        int first = position;
        while (count < most && position < state.Text.Length && set.Contains(state.At(position, out int next)))
        {
            position = next;
            count++;
        }
        state.Spend(1 + count);
        if (count < least)
            return Failed;
        if (Next is null)
            return position;
        while (true)
        {
            int end = Next.Match(ref state, position);
            if (end >= 0 || count == least || repetition == Repetition.Possessive)
                return end;
            position = state.Back(position);
            count--;
            state.Spend(1);
        }
    }

    public override string ToString() => $"characters {least}..{most}";
}

internal enum Repetition
{
    Greedy,
    Lazy,
    Possessive,
}

/// <summary>The first of several branches that fits with what comes behind.</summary>
internal sealed class BranchesNode(PatternNode[] branches) : PatternNode
{
    public override int Match(ref PatternState state, int position)
    {
        foreach (PatternNode branch in branches)
        {
            int end = branch.Match(ref state, position);
            if (end >= 0)
                return end;
        }
        state.Spend(branches.Length);
        return Failed;
    }
}

/// <summary>Matches nothing, always.</summary>
internal sealed class EmptyNode : PatternNode
{
    public override int Match(ref PatternState state, int position) => Continue(ref state, position);
}

/// <summary>A group matched on its own: looking ahead or behind, or never tried again (atomic).</summary>
internal sealed class AloneNode(PatternNode body, AloneKind kind, int behind = 0) : PatternNode
{
    public override int Match(ref PatternState state, int position)
    {
        int start = position;
        if (kind is AloneKind.Behind or AloneKind.NotBehind)
        {
            for (int i = 0; i < behind && start >= 0; i++)
                start = start == 0 ? -1 : state.Back(start);
        }
        int end = start < 0 ? Failed : body.Match(ref state, start);
        return kind switch
        {
            AloneKind.Atomic => end < 0 ? Failed : Continue(ref state, end),
            AloneKind.Ahead or AloneKind.Behind => end < 0 ? Failed : Continue(ref state, position),
            _ => end >= 0 ? Failed : Continue(ref state, position),
        };
    }
}

internal enum AloneKind
{
    Atomic,
    Ahead,
    NotAhead,
    Behind,
    NotBehind,
}

/// <summary>A place: begin or end of the text or of a line, or a word's edge.</summary>
internal sealed class PlaceNode(char kind) : PatternNode
{
    private static readonly CharacterSet Word = CharacterClasses.Word().Seal();

    public override int Match(ref PatternState state, int position)
    {
        ReadOnlySpan<char> text = state.Text;
        bool fits = kind switch
        {
            '^' => position == 0 || text[position - 1] == '\n',
            '$' => position == text.Length || text[position] == '\n',
            'A' => position == 0,
            'z' => position == text.Length,
            'Z' => position == text.Length || (position == text.Length - 1 && text[position] == '\n'),
            'b' => AtEdge(ref state, position),
            _ => !AtEdge(ref state, position),
        };
        return fits ? Continue(ref state, position) : Failed;
    }

    private static bool AtEdge(ref PatternState state, int position)
    {
        bool before = position > 0 && Word.Contains(state.At(state.Back(position), out _));
        bool behind = position < state.Text.Length && Word.Contains(state.At(position, out _));
        return before != behind;
    }
}

/// <summary>A group, as often as allowed.</summary>
internal sealed class LoopNode(int index, int least, int most, bool lazy) : PatternNode
{
    /// <summary>The group; its last part is linked to <see cref="Again"/>.</summary>
    public PatternNode Body { get; set; } = null!;

    public PatternNode Again => new AgainNode(this);

    public override int Match(ref PatternState state, int position)
    {
        int count = state.Counts[index];
        int start = state.Starts[index];
        state.Counts[index] = 0;
        state.Starts[index] = -1;
        int end = Turn(ref state, position);
        state.Counts[index] = count;
        state.Starts[index] = start;
        return end;
    }

    private int Turn(ref PatternState state, int position)
    {
        state.Spend(1);
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TokenizerException("The tokenizer's regular expression nests too deeply on this text.");
        int count = state.Counts[index];
        int start = state.Starts[index];
        if (count >= least && lazy && Continue(ref state, position) is var lazyEnd and >= 0)
            return lazyEnd;
        // A turn that matched nothing would be repeated for ever.
        if (count < most && (position != start || count < least))
        {
            state.Counts[index] = count + 1;
            state.Starts[index] = position;
            int end = Body.Match(ref state, position);
            state.Counts[index] = count;
            state.Starts[index] = start;
            if (end >= 0)
                return end;
        }
        return count >= least && !lazy ? Continue(ref state, position) : Failed;
    }

    private sealed class AgainNode(LoopNode loop) : PatternNode
    {
        public override int Match(ref PatternState state, int position) => loop.Turn(ref state, position);
    }
}
