using System.Runtime.InteropServices;

namespace GreenTune.Models.Tokenization.Native;

/// <summary>
/// The tokenizer's C API of ONNX Runtime extensions, which ONNX Runtime GenAI's library exports (ortx_tokenizer.h, API of GenAI 0.15). Calls return 0
/// or an error whose message belongs to the calling thread.
/// </summary>
internal static unsafe partial class OrtxNative
{
    private const string Library = "onnxruntime-genai";

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int OrtxCreateTokenizer(out nint tokenizer, string folder);

    [LibraryImport(Library)]
    public static partial int OrtxUpdateTokenizerOptions(nint tokenizer, byte** keys, byte** values, nuint count);

    [LibraryImport(Library)]
    public static partial int OrtxTokenize(OrtxTokenizerHandle tokenizer, byte** texts, nuint count, out nint ids);

    [LibraryImport(Library)]
    public static partial int OrtxTokenId2DArrayGetItem(nint ids, nuint index, out uint* item, out nuint length);

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
