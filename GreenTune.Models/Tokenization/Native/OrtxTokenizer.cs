using System.Buffers;
using System.Text;

namespace GreenTune.Models.Tokenization.Native;

/// <summary>
/// One native tokenizer, as a second opinion on ours. Calls are serialised: the library does not say that it may be called from several threads at once.
/// </summary>
internal sealed unsafe class OrtxTokenizer : IDisposable
{
    private readonly OrtxTokenizerHandle _handle;
    private readonly Lock _lock = new();

    private OrtxTokenizer(OrtxTokenizerHandle handle)
    {
        _handle = handle;
        // Compared are the ids of the text alone.
        SetOption("add_special_tokens"u8, "false"u8);
    }

    /// <param name="folder">A folder whose JSON files are valid: the library ends the process on others.</param>
    public static OrtxTokenizer Open(string folder)
    {
        OrtxNative.Check(OrtxNative.OrtxCreateTokenizer(out nint tokenizer, folder), $"The tokenizer in {folder} cannot be loaded");
        return new OrtxTokenizer(new OrtxTokenizerHandle(tokenizer));
    }

    /// <summary>Token ids of a text without NUL characters.</summary>
    public int[] Encode(string text)
    {
        byte[] rented = ToNative(text);
        try
        {
            lock (_lock)
            {
                fixed (byte* bytes = rented)
                {
                    byte* start = bytes;
                    OrtxNative.Check(OrtxNative.OrtxTokenize(_handle, &start, 1, out nint ids), "The text cannot be encoded");
                    try
                    {
                        OrtxNative.Check(OrtxNative.OrtxTokenId2DArrayGetItem(ids, 0, out uint* item, out nuint length), "The text cannot be encoded");
                        return new ReadOnlySpan<int>(item, checked((int)length)).ToArray();
                    }
                    finally
                    {
                        OrtxNative.OrtxDispose(ref ids);
                    }
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    public void Dispose() => _handle.Dispose();

    private void SetOption(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        // UTF-8 literals end with a NUL behind their span.
        fixed (byte* keyBytes = key, valueBytes = value)
        {
            byte* keys = keyBytes;
            byte* values = valueBytes;
            OrtxNative.Check(OrtxNative.OrtxUpdateTokenizerOptions(_handle.DangerousGetHandle(), &keys, &values, 1), "The tokenizer cannot be set up");
        }
    }

    /// <summary>UTF-8 with a NUL at its end, in a rented array.</summary>
    private static byte[] ToNative(string text)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length) + 1);
        rented[Encoding.UTF8.GetBytes(text, rented)] = 0;
        return rented;
    }
}
