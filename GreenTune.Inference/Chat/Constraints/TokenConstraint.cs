using System.Numerics;
using System.Runtime.InteropServices;
using GreenTune.Inference.Engine;

namespace GreenTune.Inference.Chat.Constraints;

/// <summary>Holds one choice to a grammar. Not for concurrent use.</summary>
internal sealed unsafe class TokenConstraint : SafeHandle, ITokenConstraint
{
    /// <summary>Far below every logit, and finite also when a bias or a penalty is put on it.</summary>
    private const float Never = -1e30f;

    /// <summary>Tokens in a word of a mask.</summary>
    private const int WordTokens = 32;

    private readonly GuidanceLibrary _library;
    private readonly GuidanceTokenizer _tokenizer;
    private readonly uint[] _mask;
    private float[]? _allowed;

    internal TokenConstraint(GuidanceLibrary library, GuidanceTokenizer tokenizer, nint matcher)
        : base(0, ownsHandle: true)
    {
        _library = library;
        _tokenizer = tokenizer;
        SetHandle(matcher);
        _mask = new uint[Math.Max((int)library.MaskBytes(matcher) / sizeof(uint), (tokenizer.VocabularySize + 31) / 32)];
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>What went wrong; the answer then ends with the next token. Null when nothing did.</summary>
    public string? Error { get; private set; }

    public ReadOnlySpan<float> Allow(ReadOnlySpan<float> logits)
    {
        _allowed ??= new float[logits.Length];
        Span<float> allowed = _allowed;
        ReadOnlySpan<uint> mask = Mask();
        for (int start = 0; start < allowed.Length; start += WordTokens)
        {
            int length = Math.Min(WordTokens, allowed.Length - start);
            uint word = mask[start / WordTokens];
            if (word == uint.MaxValue)
            {
                logits.Slice(start, length).CopyTo(allowed[start..]);
                continue;
            }

            allowed.Slice(start, length).Fill(Never);
            for (; word != 0; word &= word - 1)
            {
                int id = start + BitOperations.TrailingZeroCount(word);
                if (id < allowed.Length)
                {
                    allowed[id] = logits[id];
                }
            }
        }

        return allowed;
    }

    public void Accept(int token)
    {
        // The answer ends with the end token; a grammar that nothing can follow has ended before it.
        if (token != _tokenizer.EndToken && Error is null)
        {
            Try(() => _library.Consume(handle, (uint)token));
        }
    }

    /// <summary>Bit i % 32 of word i / 32 says whether token i may come next.</summary>
    public ReadOnlySpan<uint> Mask()
    {
        if (Error is null)
        {
            Try(() =>
            {
                fixed (uint* mask = _mask)
                {
                    return _library.ComputeMask(handle, mask, (nuint)(_mask.Length * sizeof(uint)));
                }
            });
        }

        if (Error is not null)
        {
            Array.Clear(_mask);
            _mask[_tokenizer.EndToken >> 5] = 1u << (_tokenizer.EndToken & 31);
        }

        return _mask;
    }

    protected override bool ReleaseHandle()
    {
        _library.FreeMatcher(handle);
        return true;
    }

    /// <summary>A row may be computed once more when its generation has ended and its maker has disposed of this: then there is nothing to hold to any more.</summary>
    private void Try(Func<int> call)
    {
        bool held = false;
        try
        {
            DangerousAddRef(ref held);
            if (call() != 0)
            {
                byte* error = _library.Error(handle);
                // The first line says what is wrong; the parser's whole state stands below it.
                Error = error is null ? "the grammar library gives no reason" : Marshal.PtrToStringUTF8((nint)error)!.Split('\n')[0];
            }
        }
        catch (ObjectDisposedException)
        {
            Error = "the answer has ended";
        }
        finally
        {
            if (held)
            {
                DangerousRelease();
            }
        }
    }
}
