using System.Runtime.InteropServices;

namespace GreenTune.Models.Tokenization;

/// <summary>
/// The tokenizer's C API of ONNX Runtime extensions, which ONNX Runtime GenAI's library exports (ortx_tokenizer.h, API of GenAI 0.15). Calls return 0
/// or an error whose message belongs to the calling thread.
/// </summary>
internal static unsafe partial class OrtxNative
{
    private const string Library = "onnxruntime-genai";

    /// <summary>struct OrtxTokenizerBlob: files of a tokenizer in memory.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TokenizerBlob
    {
        public byte* Config;
        public byte* Vocabulary;
        public byte* Module;
        public byte* RawModel;
        public byte* Reserved;
        public nuint ConfigLength;
        public nuint VocabularyLength;
        public nuint ModuleLength;
        public nuint RawModelLength;
        public nuint ReservedLength;
    }

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int OrtxCreateTokenizer(out nint tokenizer, string folder);

    [LibraryImport(Library)]
    public static partial int OrtxCreateTokenizerFromBlob(out nint tokenizer, TokenizerBlob* blob);

    [LibraryImport(Library)]
    public static partial int OrtxUpdateTokenizerOptions(nint tokenizer, byte** keys, byte** values, nuint count);

    [LibraryImport(Library)]
    public static partial int OrtxTokenize(OrtxTokenizerHandle tokenizer, byte** texts, nuint count, out nint ids);

    [LibraryImport(Library)]
    public static partial int OrtxTokenId2DArrayGetItem(nint ids, nuint index, out uint* item, out nuint length);

    [LibraryImport(Library)]
    public static partial int OrtxApplyChatTemplate(OrtxTokenizerHandle tokenizer, byte* template, byte* messages, byte* tools, out nint result,
        [MarshalAs(UnmanagedType.I1)] bool addGenerationPrompt, [MarshalAs(UnmanagedType.I1)] bool tokenize);

    [LibraryImport(Library)]
    public static partial int OrtxTensorResultGetAt(nint result, nuint index, out nint tensor);

    [LibraryImport(Library)]
    public static partial int OrtxGetTensorData(nint tensor, out nint data, long** shape, nuint* dimensions);

    [LibraryImport(Library)]
    public static partial nint OrtxGetLastErrorMessage();

    [LibraryImport(Library)]
    public static partial int OrtxDispose(ref nint value);

    /// <exception cref="TokenizerException">The call failed; the message is the library's.</exception>
    public static void Check(int code, string what)
    {
        if (code == 0)
            return;
        string? message = Marshal.PtrToStringUTF8(OrtxGetLastErrorMessage());
        throw new TokenizerException($"{what}: {(string.IsNullOrWhiteSpace(message) ? $"error {code}" : message.Trim())}");
    }
}

/// <summary>Owns a native tokenizer.</summary>
internal sealed class OrtxTokenizerHandle : SafeHandle
{
    public OrtxTokenizerHandle(nint tokenizer) : base(0, ownsHandle: true) => SetHandle(tokenizer);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        nint value = handle;
        return OrtxNative.OrtxDispose(ref value) == 0;
    }
}
