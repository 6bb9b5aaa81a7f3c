using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace GreenTune.Models.Tokenization;

/// <summary>One native tokenizer. Calls are serialised: the library does not say that it may be called from several threads at once.</summary>
internal sealed unsafe class OrtxTokenizer : IDisposable
{
    private readonly OrtxTokenizerHandle _handle;
    private readonly Lock _lock = new();

    private OrtxTokenizer(OrtxTokenizerHandle handle)
    {
        _handle = handle;
        // Templates write the special tokens that a prompt needs; a second one at the start would be no part of the conversation.
        SetOption("add_special_tokens"u8, "false"u8);
    }

    public static OrtxTokenizer Open(string folder)
    {
        OrtxNative.Check(OrtxNative.OrtxCreateTokenizer(out nint tokenizer, folder), $"The tokenizer in {folder} cannot be loaded");
        return new OrtxTokenizer(new OrtxTokenizerHandle(tokenizer));
    }

    /// <param name="config">tokenizer_config.json.</param>
    /// <param name="vocabulary">tokenizer.json.</param>
    public static OrtxTokenizer FromMemory(ReadOnlySpan<byte> config, ReadOnlySpan<byte> vocabulary)
    {
        fixed (byte* configBytes = config, vocabularyBytes = vocabulary)
        {
            var blob = new OrtxNative.TokenizerBlob
            {
                Config = configBytes,
                ConfigLength = (nuint)config.Length,
                Vocabulary = vocabularyBytes,
                VocabularyLength = (nuint)vocabulary.Length,
            };
            OrtxNative.Check(OrtxNative.OrtxCreateTokenizerFromBlob(out nint tokenizer, &blob), "The tokenizer cannot be loaded");
            return new OrtxTokenizer(new OrtxTokenizerHandle(tokenizer));
        }
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

    /// <param name="messages">A JSON array of objects with role and content. The library ends the process on text that is not JSON: never pass what was not written by a JSON writer.</param>
    /// <param name="addGenerationPrompt">Begin the assistant's turn.</param>
    public string ApplyChatTemplate(ReadOnlySpan<byte> messages, bool addGenerationPrompt)
    {
        lock (_lock)
        {
            fixed (byte* input = messages)
            {
                OrtxNative.Check(OrtxNative.OrtxApplyChatTemplate(_handle, null, input, null, out nint result, addGenerationPrompt, tokenize: false),
                    "The model's chat template does not take this conversation");
                try
                {
                    OrtxNative.Check(OrtxNative.OrtxTensorResultGetAt(result, 0, out nint tensor), "The chat template gave nothing");
                    try
                    {
                        OrtxNative.Check(OrtxNative.OrtxGetTensorData(tensor, out nint text, null, null), "The chat template gave nothing");
                        return Marshal.PtrToStringUTF8(text) ?? "";
                    }
                    finally
                    {
                        OrtxNative.OrtxDispose(ref tensor);
                    }
                }
                finally
                {
                    OrtxNative.OrtxDispose(ref result);
                }
            }
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
