using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Cuda;

/// <summary>
/// The operators SiluMul (fp16) and SiluMulBFloat16: [.., 2 n] to [.., n] by silu(first half) * second half, for products that do not do it themselves.
/// </summary>
internal static unsafe class SiluMulOperator
{
    public const string Name = "SiluMul";
    public const string BFloat16Name = "SiluMulBFloat16";

    [StructLayout(LayoutKind.Sequential)]
    private struct Kernel
    {
        public nint Context;

        /// <summary>As gt_silu_mul counts: 1 is fp16, 2 bf16.</summary>
        public int Type;
    }

    public static CustomOperator* Create(TensorElementType type, nint context) => CustomOperator.Create(type == TensorElementType.BFloat16 ? BFloat16Name : Name,
        [type], required: 1, type, outputs: 1, requiredOutputs: 1, context, &CreateKernel, &Compute);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint CreateKernel(OrtCustomOp* op, nint api, nint info, void** result)
    {
        var made = (CustomOperator*)op;
        var kernel = (Kernel*)NativeMemory.Alloc((nuint)sizeof(Kernel));
        *kernel = new Kernel { Context = made->Context, Type = made->OutputType == (int)TensorElementType.BFloat16 ? 2 : 1 };
        *result = kernel;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint Compute(void* state, nint context)
    {
        try
        {
            return Compute((Kernel*)state, context);
        }
        catch (Exception e)
        {
            return OrtApi.Failure($"{Name}: {e.Message}");
        }
    }

    private static nint Compute(Kernel* kernel, nint context)
    {
        void* from = null;
        void* to = null;
        long* shape = stackalloc long[OperatorCall.MostDimensions];
        nuint rank = 0;
        nint stream = 0;
        nint status = OperatorCall.Inputs(context, &from, 1, shape, &rank, &stream);
        if (status != 0)
        {
            return status;
        }

        if (rank == 0 || shape[rank - 1] % 2 != 0)
        {
            return OrtApi.Failure($"{Name}: the input's last dimension has to be even.");
        }

        long rows = OperatorCall.Rows(shape, rank);
        int width = checked((int)(shape[rank - 1] / 2));
        shape[rank - 1] = width;
        status = OperatorCall.Output(context, 0, shape, rank, &to);
        if (status != 0)
        {
            return status;
        }

        NativeKernels kernels = OperatorContext.From(kernel->Context).Kernels;
        int code = kernels.SiluMul(from, to, rows, width, kernel->Type, stream);
        return code == 0 ? 0 : OrtApi.Failure($"{Name} of {rows} rows: {kernels.ErrorText(code)} (CUDA error {code}).");
    }
}
