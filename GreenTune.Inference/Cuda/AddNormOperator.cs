using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Cuda;

/// <summary>
/// The operator AddNorm: SimplifiedLayerNormalization of fp16, or SkipSimplifiedLayerNormalization with a third input. Inputs: x, weight, optionally what is
/// added to x before. Outputs: the normalised sum, and the sum where it is wanted.
/// </summary>
internal static unsafe class AddNormOperator
{
    public const string Name = "AddNorm";

    [StructLayout(LayoutKind.Sequential)]
    private struct Kernel
    {
        public nint Context;
        public float Epsilon;
    }

    public static CustomOperator* Create(nint context) => CustomOperator.Create(Name, [TensorElementType.Float16, TensorElementType.Float16, TensorElementType.Float16],
        required: 2, TensorElementType.Float16, outputs: 2, requiredOutputs: 1, context, &CreateKernel, &Compute);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint CreateKernel(OrtCustomOp* op, nint api, nint info, void** result)
    {
        float epsilon = 0;
        nint status = OrtApi.Attribute(info, "epsilon\0"u8, &epsilon);
        if (status == 0)
        {
            var kernel = (Kernel*)NativeMemory.Alloc((nuint)sizeof(Kernel));
            *kernel = new Kernel { Context = ((CustomOperator*)op)->Context, Epsilon = epsilon };
            *result = kernel;
        }

        return status;
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
        void** inputs = stackalloc void*[3];
        long* shape = stackalloc long[OperatorCall.MostDimensions];
        nuint rank = 0;
        nint stream = 0;
        void* normalized = null;
        void* sum = null;
        nint status = OperatorCall.Inputs(context, inputs, 3, shape, &rank, &stream);
        status = status != 0 ? status : OperatorCall.Output(context, 0, shape, rank, &normalized);
        status = status != 0 ? status : OperatorCall.Output(context, 1, shape, rank, &sum);
        if (status != 0)
        {
            return status;
        }

        long rows = OperatorCall.Rows(shape, rank);
        NativeKernels kernels = OperatorContext.From(kernel->Context).Kernels;
        int code = kernels.AddNorm(inputs[0], inputs[2], inputs[1], normalized, sum, rows, checked((int)shape[rank - 1]), kernel->Epsilon, stream);
        return code == 0 ? 0 : OrtApi.Failure($"{Name} of {rows} rows of {shape[rank - 1]}: {kernels.ErrorText(code)} (CUDA error {code}).");
    }
}
