using System.Runtime.InteropServices;
using System.Text;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Engine;
using GreenTune.Models.Tokenization;

namespace GreenTune.Inference.Chat.Constraints;

/// <summary>A model's tokens as the grammar library knows them: their bytes, and the one that ends an answer. Safe for concurrent use.</summary>
internal sealed unsafe class GuidanceTokenizer : SafeHandle
{
    private const int ErrorBytes = 512;

    /// <summary>In front of a control token's name; no text has this byte, so no grammar asks for it.</summary>
    private const byte ControlMark = 0xFF;

    private readonly GuidanceLibrary _library;

    /// <exception cref="InvalidOperationException">The model has no token that ends an answer, or the library does not take its tokens.</exception>
    public GuidanceTokenizer(GuidanceLibrary library, LoadedConfiguration configuration)
        : base(0, ownsHandle: true)
    {
        _library = library;
        IModelRunner runner = configuration.Runner;
        int size = runner.VocabularySize;
        var lengths = new uint[size];
        using var bytes = new MemoryStream();
        int end = -1;
        for (int id = 0; id < size; id++)
        {
            long start = bytes.Length;
            Write(bytes, configuration.Tokenizer, id);
            lengths[id] = (uint)(bytes.Length - start);
            end = end < 0 && runner.IsStop(id) ? id : end;
        }

        EndToken = end >= 0 ? end : throw new InvalidOperationException($"{configuration.Id} has no token that ends an answer");
        VocabularySize = size;
        byte[] error = new byte[ErrorBytes];
        fixed (uint* tokenLengths = lengths)
        fixed (byte* tokenBytes = bytes.ToArray())
        fixed (byte* text = error)
        {
            var init = new GuidanceLibrary.TokenizerInit
            {
                VocabularySize = (uint)size,
                EndToken = (uint)end,
                TokenLengths = tokenLengths,
                TokenBytes = tokenBytes,
                TokenizeAssumesString = 1,
                UseGreedyTokenize = 1,
            };
            SetHandle(library.NewTokenizer(&init, text, ErrorBytes));
            if (IsInvalid)
            {
                throw new InvalidOperationException($"the grammar library does not take the tokens of {configuration.Id}: {Marshal.PtrToStringUTF8((nint)text)}");
            }
        }
    }

    public int VocabularySize { get; }

    /// <summary>The stop token that a grammar allows at its end.</summary>
    public int EndToken { get; }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        _library.FreeTokenizer(handle);
        return true;
    }

    private static void Write(MemoryStream bytes, ChatTokenizer tokenizer, int id)
    {
        ReadOnlySpan<byte> own = tokenizer.TokenBytes(id);
        if (tokenizer.IsControl(id) || own.IsEmpty)
        {
            // Rows of the output that no token has get a name too: the library wants one for each.
            bytes.WriteByte(ControlMark);
            bytes.Write(own.IsEmpty ? Encoding.ASCII.GetBytes($"[{id}]") : own);
        }
        else
        {
            bytes.Write(own);
        }
    }
}
