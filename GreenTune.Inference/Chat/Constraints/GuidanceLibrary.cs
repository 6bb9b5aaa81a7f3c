using System.Runtime.InteropServices;

namespace GreenTune.Inference.Chat.Constraints;

/// <summary>
/// The C functions of llguidance (MIT, github.com/guidance-ai/llguidance, parser of version 1), which are compiled into ONNX Runtime GenAI's native library.
/// They are no API of that package, so they are looked up when they are first wanted, and may be missing.
/// </summary>
internal sealed unsafe class GuidanceLibrary
{
    private const string Name = "onnxruntime-genai";

    private static readonly Lazy<(GuidanceLibrary? Library, string? Reason)> Loaded = new(Load);

    private GuidanceLibrary(nint library)
    {
        NewTokenizer = (delegate* unmanaged[Cdecl]<TokenizerInit*, byte*, nuint, nint>)NativeLibrary.GetExport(library, "llg_new_tokenizer");
        FreeTokenizer = (delegate* unmanaged[Cdecl]<nint, void>)NativeLibrary.GetExport(library, "llg_free_tokenizer");
        SetDefaults = (delegate* unmanaged[Cdecl]<byte*, nint, void>)NativeLibrary.GetExport(library, "llg_constraint_init_set_defaults");
        NewMatcher = (delegate* unmanaged[Cdecl]<byte*, byte*, byte*, nint>)NativeLibrary.GetExport(library, "llg_new_matcher");
        CloneMatcher = (delegate* unmanaged[Cdecl]<nint, nint>)NativeLibrary.GetExport(library, "llg_clone_matcher");
        FreeMatcher = (delegate* unmanaged[Cdecl]<nint, void>)NativeLibrary.GetExport(library, "llg_free_matcher");
        Error = (delegate* unmanaged[Cdecl]<nint, byte*>)NativeLibrary.GetExport(library, "llg_matcher_get_error");
        ComputeMask = (delegate* unmanaged[Cdecl]<nint, uint*, nuint, int>)NativeLibrary.GetExport(library, "llg_matcher_compute_mask_into");
        MaskBytes = (delegate* unmanaged[Cdecl]<nint, nuint>)NativeLibrary.GetExport(library, "llg_matcher_get_mask_byte_size");
        Consume = (delegate* unmanaged[Cdecl]<nint, uint, int>)NativeLibrary.GetExport(library, "llg_matcher_consume_token");
    }

    /// <summary>LlgTokenizerInit*, error text, its length; the tokenizer, or 0.</summary>
    public delegate* unmanaged[Cdecl]<TokenizerInit*, byte*, nuint, nint> NewTokenizer { get; }

    public delegate* unmanaged[Cdecl]<nint, void> FreeTokenizer { get; }

    /// <summary>LlgConstraintInit*, tokenizer.</summary>
    public delegate* unmanaged[Cdecl]<byte*, nint, void> SetDefaults { get; }

    /// <summary>LlgConstraintInit*, kind ("json"), grammar; a matcher, which may have an error.</summary>
    public delegate* unmanaged[Cdecl]<byte*, byte*, byte*, nint> NewMatcher { get; }

    public delegate* unmanaged[Cdecl]<nint, nint> CloneMatcher { get; }

    public delegate* unmanaged[Cdecl]<nint, void> FreeMatcher { get; }

    /// <summary>The matcher's error as UTF-8; null when it has none.</summary>
    public delegate* unmanaged[Cdecl]<nint, byte*> Error { get; }

    /// <summary>Matcher, words of 32 tokens, bytes of them; 0 when all is well.</summary>
    public delegate* unmanaged[Cdecl]<nint, uint*, nuint, int> ComputeMask { get; }

    public delegate* unmanaged[Cdecl]<nint, nuint> MaskBytes { get; }

    /// <summary>0 when all is well.</summary>
    public delegate* unmanaged[Cdecl]<nint, uint, int> Consume { get; }

    /// <summary>The library; null with a reason where it cannot be had.</summary>
    public static GuidanceLibrary? Find(out string? reason)
    {
        (GuidanceLibrary? library, reason) = Loaded.Value;
        return library;
    }

    private static (GuidanceLibrary?, string?) Load()
    {
        if (!NativeLibrary.TryLoad(Name, typeof(GuidanceLibrary).Assembly, null, out nint handle))
        {
            return (null, $"{Name} is not there");
        }

        try
        {
            return (new GuidanceLibrary(handle), null);
        }
        catch (EntryPointNotFoundException)
        {
            return (null, $"this build of {Name} does not give out its grammar functions");
        }
    }

    /// <summary>LlgTokenizerInit. Room behind its last field is zero, which later versions read as "not given".</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TokenizerInit
    {
        public uint VocabularySize;
        public uint EndToken;
        public uint* TokenLengths;
        public byte* TokenBytes;
        public byte* TokenizerJson;
        public byte TokenizeAssumesString;
        public nint Tokenize;
        public byte UseGreedyTokenize;
        public nint TokenizeUserData;
        public nint Slices;
        public nint Reserved0;
        public nint Reserved1;
        public nint Reserved2;
        public nint Reserved3;
    }
}
