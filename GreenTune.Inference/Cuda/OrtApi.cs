using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Inference.Cuda;

/// <summary>
/// The functions of ONNX Runtime's C API that custom operators need and the C# API does not offer. OrtApi is a table of function pointers to which
/// newer versions only append: a place in it is part of the binary interface.
/// </summary>
internal static unsafe class OrtApi
{
    /// <summary>The oldest version of the table that has every function used here.</summary>
    private const uint Version = 17;

    private const int StatusFailed = 1;

    private static readonly nint* _functions = Load();

    /// <summary>A status that ONNX Runtime throws as an exception with this message.</summary>
    public static nint Failure(string message)
    {
        nint text = Marshal.StringToCoTaskMemUTF8(message);
        try
        {
            return ((delegate* unmanaged[Cdecl]<int, nint, nint>)_functions[0])(StatusFailed, text);
        }
        finally
        {
            Marshal.FreeCoTaskMem(text);
        }
    }

    /// <summary>The message of a status, which is released.</summary>
    public static string? TakeMessage(nint status)
    {
        if (status == 0)
        {
            return null;
        }

        string? message = Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint, nint>)_functions[2])(status));
        ((delegate* unmanaged[Cdecl]<nint, void>)_functions[93])(status);
        return message ?? "ONNX Runtime gave no reason";
    }

    public static nint CreateDomain(byte* name, out nint domain)
    {
        fixed (nint* result = &domain)
        {
            return ((delegate* unmanaged[Cdecl]<byte*, nint*, nint>)_functions[26])(name, result);
        }
    }

    public static nint AddOperator(nint domain, OrtCustomOp* op) => ((delegate* unmanaged[Cdecl]<nint, OrtCustomOp*, nint>)_functions[27])(domain, op);

    public static nint AddDomain(nint sessionOptions, nint domain) => ((delegate* unmanaged[Cdecl]<nint, nint, nint>)_functions[28])(sessionOptions, domain);

    public static void ReleaseDomain(nint domain) => ((delegate* unmanaged[Cdecl]<nint, void>)_functions[101])(domain);

    /// <summary>A whole-number attribute of the node that <paramref name="info"/> describes.</summary>
    public static nint Attribute(nint info, ReadOnlySpan<byte> name, long* value)
    {
        fixed (byte* text = name)
        {
            return ((delegate* unmanaged[Cdecl]<nint, byte*, long*, nint>)_functions[86])(info, text, value);
        }
    }

    /// <summary>A fractional attribute.</summary>
    public static nint Attribute(nint info, ReadOnlySpan<byte> name, float* value)
    {
        fixed (byte* text = name)
        {
            return ((delegate* unmanaged[Cdecl]<nint, byte*, float*, nint>)_functions[85])(info, text, value);
        }
    }

    public static nint OutputCount(nint context, nuint* count) => ((delegate* unmanaged[Cdecl]<nint, nuint*, nint>)_functions[89])(context, count);

    public static nint InputCount(nint context, nuint* count) => ((delegate* unmanaged[Cdecl]<nint, nuint*, nint>)_functions[88])(context, count);

    /// <summary>An input's value; 0 when an optional one is left out.</summary>
    public static nint Input(nint context, nuint index, nint* value) => ((delegate* unmanaged[Cdecl]<nint, nuint, nint*, nint>)_functions[90])(context, index, value);

    public static nint Output(nint context, nuint index, long* shape, nuint rank, nint* value) =>
        ((delegate* unmanaged[Cdecl]<nint, nuint, long*, nuint, nint*, nint>)_functions[91])(context, index, shape, rank, value);

    public static nint Data(nint value, void** data) => ((delegate* unmanaged[Cdecl]<nint, void**, nint>)_functions[51])(value, data);

    /// <summary>CUDA's stream that the node has to run on.</summary>
    public static nint Stream(nint context, nint* stream) => ((delegate* unmanaged[Cdecl]<nint, nint*, nint>)_functions[193])(context, stream);

    /// <summary>The shape of a tensor of at most <paramref name="capacity"/> dimensions.</summary>
    public static nint Shape(nint value, long* shape, nuint capacity, nuint* rank)
    {
        nint info;
        nint status = ((delegate* unmanaged[Cdecl]<nint, nint*, nint>)_functions[65])(value, &info);
        if (status != 0)
        {
            return status;
        }

        status = ((delegate* unmanaged[Cdecl]<nint, nuint*, nint>)_functions[61])(info, rank);
        if (status == 0)
        {
            status = *rank > capacity
                ? Failure($"A tensor of {*rank} dimensions is not taken; at most {capacity} are.")
                : ((delegate* unmanaged[Cdecl]<nint, long*, nuint, nint>)_functions[62])(info, shape, *rank);
        }

        ((delegate* unmanaged[Cdecl]<nint, void>)_functions[99])(info);
        return status;
    }

    private static nint* Load()
    {
        nint library = NativeLibrary.Load("onnxruntime", typeof(InferenceSession).Assembly, null);
        // struct OrtApiBase { const OrtApi* (*GetApi)(uint32_t); const char* (*GetVersionString)(); }
        var getBase = (delegate* unmanaged[Cdecl]<nint*>)NativeLibrary.GetExport(library, "OrtGetApiBase");
        var getApi = (delegate* unmanaged[Cdecl]<uint, nint*>)getBase()[0];
        nint* functions = getApi(Version);
        return functions is null ? throw new NotSupportedException($"This ONNX Runtime has no C API of version {Version}.") : functions;
    }
}
