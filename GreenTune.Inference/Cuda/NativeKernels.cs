using System.Runtime.InteropServices;

namespace GreenTune.Inference.Cuda;

/// <summary>libgreentune_cuda.so: functions and structures of Kernels/greentune_cuda.h.</summary>
internal sealed unsafe class NativeKernels
{
    public const string LibraryName = "libgreentune_cuda.so";
    private const int InterfaceVersion = 1;

    private readonly delegate* unmanaged[Cdecl]<MatMulArguments*, nint, int> _matMul;
    private readonly delegate* unmanaged[Cdecl]<void*, void*, long, int, int, nint, int> _siluMul;
    private readonly delegate* unmanaged[Cdecl]<AttentionArguments*, nint, int> _attention;
    private readonly delegate* unmanaged[Cdecl]<void*, void*, void*, void*, void*, long, int, float, nint, int> _addNorm;
    private readonly delegate* unmanaged[Cdecl]<void*, void*, long, int, int, nint, int> _greedy;
    private readonly delegate* unmanaged[Cdecl]<void*, void*, long, nint, int> _copy;
    private readonly delegate* unmanaged[Cdecl]<int, int, int, int, int, int> _check;
    private readonly delegate* unmanaged[Cdecl]<int, int, long> _workspaceBytes;
    private readonly delegate* unmanaged[Cdecl]<void**, long, int> _allocate;
    private readonly delegate* unmanaged[Cdecl]<void*, int> _free;
    private readonly delegate* unmanaged[Cdecl]<int, nint> _errorText;

    private NativeKernels(nint library)
    {
        _matMul = (delegate* unmanaged[Cdecl]<MatMulArguments*, nint, int>)NativeLibrary.GetExport(library, "gt_matmul");
        _siluMul = (delegate* unmanaged[Cdecl]<void*, void*, long, int, int, nint, int>)NativeLibrary.GetExport(library, "gt_silu_mul");
        _attention = (delegate* unmanaged[Cdecl]<AttentionArguments*, nint, int>)NativeLibrary.GetExport(library, "gt_attention");
        _addNorm = (delegate* unmanaged[Cdecl]<void*, void*, void*, void*, void*, long, int, float, nint, int>)NativeLibrary.GetExport(library, "gt_add_norm");
        _greedy = (delegate* unmanaged[Cdecl]<void*, void*, long, int, int, nint, int>)NativeLibrary.GetExport(library, "gt_greedy");
        _copy = (delegate* unmanaged[Cdecl]<void*, void*, long, nint, int>)NativeLibrary.GetExport(library, "gt_copy");
        _check = (delegate* unmanaged[Cdecl]<int, int, int, int, int, int>)NativeLibrary.GetExport(library, "gt_matmul_check");
        _workspaceBytes = (delegate* unmanaged[Cdecl]<int, int, long>)NativeLibrary.GetExport(library, "gt_workspace_bytes");
        _allocate = (delegate* unmanaged[Cdecl]<void**, long, int>)NativeLibrary.GetExport(library, "gt_allocate");
        _free = (delegate* unmanaged[Cdecl]<void*, int>)NativeLibrary.GetExport(library, "gt_free");
        _errorText = (delegate* unmanaged[Cdecl]<int, nint>)NativeLibrary.GetExport(library, "gt_error_text");
    }

    /// <summary>Loads the library from a folder. Null with a reason when it is not there, does not load, or the device is too old.</summary>
    public static NativeKernels? Load(string folder, out string reason)
    {
        string path = Path.Combine(folder, LibraryName);
        if (!File.Exists(path))
        {
            reason = $"{LibraryName} is not beside the program; building with -p:WithCuda=true where nvcc is installed makes it";
            return null;
        }

        try
        {
            nint library = NativeLibrary.Load(path);
            int version = ((delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(library, "gt_version"))();
            if (version != InterfaceVersion)
            {
                reason = $"{LibraryName} has interface version {version} instead of {InterfaceVersion}; build it anew";
                return null;
            }

            var kernels = new NativeKernels(library);
            int code = ((delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(library, "gt_initialize"))();
            reason = code == 0 ? "" : $"the GPU cannot run them ({kernels.ErrorText(code)}); compute capability 8.0 or newer is needed";
            return code == 0 ? kernels : null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            reason = $"{LibraryName} does not load: {e.Message.ReplaceLineEndings(" ").Trim()}";
            return null;
        }
    }

    public int MatMul(MatMulArguments* arguments, nint stream) => _matMul(arguments, stream);

    public int SiluMul(void* input, void* output, long rows, int width, int type, nint stream) => _siluMul(input, output, rows, width, type, stream);

    public int Attention(AttentionArguments* arguments, nint stream) => _attention(arguments, stream);

    public int AddNorm(void* input, void* skip, void* weight, void* output, void* sum, long rows, int width, float epsilon, nint stream) =>
        _addNorm(input, skip, weight, output, sum, rows, width, epsilon, stream);

    public int Greedy(void* logits, void* tokens, long rows, int vocabulary, int type, nint stream) => _greedy(logits, tokens, rows, vocabulary, type, stream);

    public int Copy(void* to, void* from, long bytes, nint stream) => _copy(to, from, bytes, stream);

    public int Check(int n, int k, int bits, int block, int swiglu) => _check(n, k, bits, block, swiglu);

    public long WorkspaceBytes(int tokens, int k) => _workspaceBytes(tokens, k);

    public int Allocate(void** pointer, long bytes) => _allocate(pointer, bytes);

    public void Free(void* pointer) => _ = _free(pointer);

    public string ErrorText(int code) => Marshal.PtrToStringUTF8(_errorText(code)) ?? $"CUDA error {code}";
}

/// <summary>gt_matmul_args.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MatMulArguments
{
    public void* Input;
    public void* Weights;
    public void* Scales;
    public void* ZeroPoints;
    public void* Bias;
    public void* Residual;
    public void* Workspace;
    public void* Output;
    public int Tokens;
    public int Rows;
    public int Columns;
    public int Bits;
    public int Block;
    public int SwiGlu;
    public int Tile;
}

/// <summary>gt_attention_args.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct AttentionArguments
{
    public void* QueryKeyValue;
    public void* Keys;
    public void* Values;
    public void* Cosines;
    public void* Sines;
    public void* Lengths;
    public void* Output;
    public int Batch;
    public int Sequence;
    public int Heads;
    public int KeyValueHeads;
    public int HeadSize;
    public int Capacity;
    public int Window;
    public float Scale;
    public int Tile;
}
