using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Cuda;

/// <summary>
/// The operator QuantizedMatMul: MatMulNBits with its inputs and attributes, and what may follow it. Inputs: activations, weights, scales, zero points,
/// bias, residual, the last three optional. With the attribute swiglu the first half of the rows is a gate: y = silu(gate) * up.
/// </summary>
internal static unsafe class MatMulOperator
{
    public const string Name = "QuantizedMatMul";

    public static CustomOperator* Create(nint context) => CustomOperator.Create(Name,
        [TensorElementType.Float16, TensorElementType.UInt8, TensorElementType.Float16, TensorElementType.UInt8, TensorElementType.Float16, TensorElementType.Float16],
        required: 3, TensorElementType.Float16, outputs: 1, requiredOutputs: 1, context, &CreateKernel, &Compute);

    [StructLayout(LayoutKind.Sequential)]
    private struct Kernel
    {
        public nint Context;
        public int Rows;
        public int Columns;
        public int Bits;
        public int Block;
        public int SwiGlu;
    }

    // Nothing may be thrown into ONNX Runtime's C++: what goes wrong becomes a status.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint CreateKernel(OrtCustomOp* op, nint api, nint info, void** result)
    {
        try
        {
            long rows = 0, columns = 0, bits = 0, block = 0, swiglu = 0;
            nint status = OrtApi.Attribute(info, "N\0"u8, &rows);
            status = status != 0 ? status : OrtApi.Attribute(info, "K\0"u8, &columns);
            status = status != 0 ? status : OrtApi.Attribute(info, "bits\0"u8, &bits);
            status = status != 0 ? status : OrtApi.Attribute(info, "block_size\0"u8, &block);
            status = status != 0 ? status : OrtApi.Attribute(info, "swiglu\0"u8, &swiglu);
            if (status != 0)
            {
                return status;
            }

            nint handle = ((CustomOperator*)op)->Context;
            OperatorContext context = OperatorContext.From(handle);
            if (context.Kernels.Check((int)rows, (int)columns, (int)bits, (int)block, (int)swiglu) != 0)
            {
                return OrtApi.Failure($"{Name} does not take N={rows}, K={columns}, bits={bits}, block_size={block}, swiglu={swiglu}.");
            }

            if (context.Reserve((int)columns) is { } problem)
            {
                return OrtApi.Failure($"{Name}: {problem}");
            }

            var kernel = (Kernel*)NativeMemory.Alloc((nuint)sizeof(Kernel));
            *kernel = new Kernel { Context = handle, Rows = (int)rows, Columns = (int)columns, Bits = (int)bits, Block = (int)block, SwiGlu = (int)swiglu };
            *result = kernel;
            return 0;
        }
        catch (Exception e)
        {
            return OrtApi.Failure($"{Name}: {e.Message}");
        }
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
        void** inputs = stackalloc void*[6];
        long* shape = stackalloc long[OperatorCall.MostDimensions];
        nuint rank = 0;
        nint stream = 0;
        nint status = OperatorCall.Inputs(context, inputs, 6, shape, &rank, &stream);
        if (status != 0)
        {
            return status;
        }

        if (rank == 0 || shape[rank - 1] != kernel->Columns)
        {
            return OrtApi.Failure($"{Name}: the input's last dimension is {(rank == 0 ? 0 : shape[rank - 1])} instead of {kernel->Columns}.");
        }

        long tokens = OperatorCall.Rows(shape, rank);
        int width = kernel->SwiGlu != 0 ? kernel->Rows / 2 : kernel->Rows;
        shape[rank - 1] = width;
        void* result = null;
        status = OperatorCall.Output(context, 0, shape, rank, &result);
        return status != 0 ? status : Multiply(kernel, inputs, result, tokens, width, stream);
    }

    private static nint Multiply(Kernel* kernel, void** inputs, void* result, long tokens, int width, nint stream)
    {
        OperatorContext context = OperatorContext.From(kernel->Context);
        for (long first = 0; first < tokens; first += OperatorContext.SliceTokens)
        {
            var arguments = new MatMulArguments
            {
                Input = (Half*)inputs[0] + (first * kernel->Columns),
                Weights = inputs[1],
                Scales = inputs[2],
                ZeroPoints = inputs[3],
                Bias = inputs[4],
                Residual = inputs[5] is null ? null : (Half*)inputs[5] + (first * width),
                Workspace = context.Workspace,
                Output = (Half*)result + (first * width),
                Tokens = (int)Math.Min(OperatorContext.SliceTokens, tokens - first),
                Rows = kernel->Rows,
                Columns = kernel->Columns,
                Bits = kernel->Bits,
                Block = kernel->Block,
                SwiGlu = kernel->SwiGlu,
            };
            int code = context.Kernels.MatMul(&arguments, stream);
            if (code != 0)
            {
                return OrtApi.Failure($"{Name} of {tokens} tokens: {context.Kernels.ErrorText(code)} (CUDA error {code}).");
            }
        }

        return 0;
    }
}
