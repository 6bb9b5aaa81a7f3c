using System.Runtime.InteropServices;

namespace GreenTune.Inference.Cuda;

/// <summary>
/// What the operators of one session share: the native library and a workspace on the device. The workspace is used by one node after another, on
/// the session's stream.
/// </summary>
internal sealed unsafe class OperatorContext(NativeKernels? kernels) : IDisposable
{
    /// <summary>Tokens that one launch takes; longer prompts are multiplied piece by piece, so that the workspace stays small.</summary>
    public const int SliceTokens = 1024;

    private GCHandle _handle;
    private long _bytes;

    /// <exception cref="InvalidOperationException">The operators are only declared.</exception>
    public NativeKernels Kernels => kernels ?? throw new InvalidOperationException("GreenTune's CUDA operators are declared, but there are no kernels");

    public void* Workspace { get; private set; }

    /// <summary>What <see cref="From"/> finds this by.</summary>
    public nint Handle
    {
        get
        {
            if (!_handle.IsAllocated)
            {
                _handle = GCHandle.Alloc(this);
            }

            return GCHandle.ToIntPtr(_handle);
        }
    }

    public static OperatorContext From(nint handle) => (OperatorContext)GCHandle.FromIntPtr(handle).Target!;

    /// <summary>Makes room for products over this many columns. Called while the session is made: later, captured graphs hold the address.</summary>
    /// <returns>Null, or why there is no room.</returns>
    public string? Reserve(int columns)
    {
        long bytes = Kernels.WorkspaceBytes(SliceTokens, columns);
        if (bytes <= _bytes)
        {
            return null;
        }

        void* pointer;
        int code = Kernels.Allocate(&pointer, bytes);
        if (code != 0)
        {
            return $"{bytes} bytes of device memory for a workspace cannot be had: {Kernels.ErrorText(code)}";
        }

        Kernels.Free(Workspace);
        Workspace = pointer;
        _bytes = bytes;
        return null;
    }

    public void Dispose()
    {
        kernels?.Free(Workspace);
        Workspace = null;
        _bytes = 0;
        if (_handle.IsAllocated)
        {
            _handle.Free();
        }
    }
}
