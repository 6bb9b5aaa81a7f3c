using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Cuda;

/// <summary>
/// The operators GreedyToken (fp16) and GreedyTokenFloat: logits [.., vocabulary] to int64 [batch, 1], the place of the highest, the lowest one among equals.
/// </summary>
internal static unsafe class GreedyTokenOperator
{
    public const string Name = "GreedyToken";
    public const string FloatName = "GreedyTokenFloat";

    [StructLayout(LayoutKind.Sequential)]
    private struct Kernel
    {
        public nint Context;

        /// <summary>As gt_greedy counts: 1 is fp16, 3 fp32.</summary>
        public int Type;
    }

    public static CustomOperator* Create(TensorElementType type, nint context) => CustomOperator.Create(type == TensorElementType.Float ? FloatName : Name,
        [type], required: 1, TensorElementType.Int64, outputs: 1, requiredOutputs: 1, context, &CreateKernel, &Compute);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint CreateKernel(OrtCustomOp* op, nint api, nint info, void** result)
    {
        var made = (CustomOperator*)op;
        var kernel = (Kernel*)NativeMemory.Alloc((nuint)sizeof(Kernel));
        *kernel = new Kernel { Context = made->Context, Type = made->InputTypes[0] == (int)TensorElementType.Float ? 3 : 1 };
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
        void* logits = null;
        void* tokens = null;
        long* shape = stackalloc long[OperatorCall.MostDimensions];
        nuint rank = 0;
        nint stream = 0;
        nint status = OperatorCall.Inputs(context, &logits, 1, shape, &rank, &stream);
        if (status != 0)
        {
            return status;
        }

        long rows = OperatorCall.Rows(shape, rank);
        long* result = stackalloc long[2] { rows, 1 };
        status = OperatorCall.Output(context, 0, result, 2, &tokens);
        if (status != 0)
        {
            return status;
        }

        NativeKernels kernels = OperatorContext.From(kernel->Context).Kernels;
        int code = kernels.Greedy(logits, tokens, rows, checked((int)shape[rank - 1]), kernel->Type, stream);
        return code == 0 ? 0 : OrtApi.Failure($"{Name} of {rows} rows: {kernels.ErrorText(code)} (CUDA error {code}).");
    }
}
