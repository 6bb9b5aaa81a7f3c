using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Cuda;

/// <summary>
/// The operator CachedAttention: GroupQueryAttention of packed fp16 queries, keys and values with rotary positions over a cache of fixed capacity. Inputs:
/// packed, past keys, past values, lengths (as seqlens_k), cosines, sines. Outputs: result, present keys, present values, the caches in the shape of the
/// past ones. Where past and present are bound to the same memory nothing is copied.
/// </summary>
internal static unsafe class AttentionOperator
{
    public const string Name = "CachedAttention";

    [StructLayout(LayoutKind.Sequential)]
    private struct Kernel
    {
        public nint Context;
        public int Heads;
        public int KeyValueHeads;
        public int HeadSize;
        public int Window;
        public float Scale;
    }

    public static CustomOperator* Create(nint context) => CustomOperator.Create(Name,
        [TensorElementType.Float16, TensorElementType.Float16, TensorElementType.Float16, TensorElementType.Int32, TensorElementType.Float16, TensorElementType.Float16],
        required: 6, TensorElementType.Float16, outputs: 3, requiredOutputs: 3, context, &CreateKernel, &Compute);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint CreateKernel(OrtCustomOp* op, nint api, nint info, void** result)
    {
        long heads = 0, keyValueHeads = 0, headSize = 0, window = 0;
        float scale = 0;
        nint status = OrtApi.Attribute(info, "num_heads\0"u8, &heads);
        status = status != 0 ? status : OrtApi.Attribute(info, "kv_num_heads\0"u8, &keyValueHeads);
        status = status != 0 ? status : OrtApi.Attribute(info, "head_size\0"u8, &headSize);
        status = status != 0 ? status : OrtApi.Attribute(info, "local_window_size\0"u8, &window);
        status = status != 0 ? status : OrtApi.Attribute(info, "scale\0"u8, &scale);
        if (status == 0)
        {
            var kernel = (Kernel*)NativeMemory.Alloc((nuint)sizeof(Kernel));
            *kernel = new Kernel
            {
                Context = ((CustomOperator*)op)->Context,
                Heads = (int)heads,
                KeyValueHeads = (int)keyValueHeads,
                HeadSize = (int)headSize,
                Window = (int)window,
                Scale = scale,
            };
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
        void** inputs = stackalloc void*[6];
        long* shape = stackalloc long[OperatorCall.MostDimensions];
        long* cache = stackalloc long[OperatorCall.MostDimensions];
        nuint rank = 0, cacheRank = 0;
        nint stream = 0, past = 0;
        nint status = OperatorCall.Inputs(context, inputs, 6, shape, &rank, &stream);
        status = status != 0 ? status : OrtApi.Input(context, 1, &past);
        status = status != 0 ? status : OrtApi.Shape(past, cache, OperatorCall.MostDimensions, &cacheRank);
        if (status != 0)
        {
            return status;
        }

        long width = (kernel->Heads + (2L * kernel->KeyValueHeads)) * kernel->HeadSize;
        if (rank != 3 || shape[2] != width || cacheRank != 4 || cache[0] != shape[0] || cache[1] != kernel->KeyValueHeads || cache[3] != kernel->HeadSize || cache[2] < shape[1])
        {
            return OrtApi.Failure($"{Name}: the input has to be [batch, sequence, {width}] and the caches [batch, {kernel->KeyValueHeads}, capacity, {kernel->HeadSize}] with a capacity of the sequence at least.");
        }

        shape[2] = (long)kernel->Heads * kernel->HeadSize;
        void** outputs = stackalloc void*[3];
        status = OperatorCall.Output(context, 0, shape, rank, &outputs[0]);
        status = status != 0 ? status : OperatorCall.Output(context, 1, cache, cacheRank, &outputs[1]);
        status = status != 0 ? status : OperatorCall.Output(context, 2, cache, cacheRank, &outputs[2]);
        if (status != 0)
        {
            return status;
        }

        NativeKernels kernels = OperatorContext.From(kernel->Context).Kernels;
        long bytes = cache[0] * cache[1] * cache[2] * cache[3] * sizeof(short);
        int code = 0;
        for (int i = 1; i <= 2 && code == 0; i++)
        {
            code = inputs[i] == outputs[i] ? 0 : kernels.Copy(outputs[i], inputs[i], bytes, stream);
        }

        var arguments = new AttentionArguments
        {
            QueryKeyValue = inputs[0],
            Keys = outputs[1],
            Values = outputs[2],
            Cosines = inputs[4],
            Sines = inputs[5],
            Lengths = inputs[3],
            Output = outputs[0],
            Batch = (int)shape[0],
            Sequence = (int)shape[1],
            Heads = kernel->Heads,
            KeyValueHeads = kernel->KeyValueHeads,
            HeadSize = kernel->HeadSize,
            Capacity = (int)cache[2],
            Window = kernel->Window,
            Scale = kernel->Scale,
        };
        code = code != 0 ? code : kernels.Attention(&arguments, stream);
        return code == 0 ? 0 : OrtApi.Failure($"{Name} of {shape[0]} rows of {shape[1]} tokens: {kernels.ErrorText(code)} (CUDA error {code}).");
    }
}
