using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Inference.Cuda;

/// <summary>
/// What ONNX Runtime holds of one of our operators: its table of functions, and behind it what those functions need. In native memory, because
/// ONNX Runtime keeps the address.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CustomOperator
{
    public OrtCustomOp Op;

    /// <summary>ONNX's name, zero-terminated.</summary>
    public byte* Name;

    /// <summary>ONNX's type of each input.</summary>
    public fixed int InputTypes[8];

    public int InputCount;
    public int RequiredInputs;
    public int OutputType;
    public int OutputCount;
    public int RequiredOutputs;

    /// <summary>Of the <see cref="OperatorContext"/>.</summary>
    public nint Context;

    private static readonly byte* _cuda = (byte*)Marshal.StringToCoTaskMemUTF8("CUDAExecutionProvider");

    /// <summary>Makes an operator, which <see cref="Free"/> ends. Inputs and outputs behind the required ones are optional; outputs are of one type.</summary>
    public static CustomOperator* Create(string name, ReadOnlySpan<TensorElementType> inputTypes, int required, TensorElementType outputType, int outputs, int requiredOutputs, nint context,
        delegate* unmanaged[Cdecl]<OrtCustomOp*, nint, nint, void**, nint> create, delegate* unmanaged[Cdecl]<void*, nint, nint> compute)
    {
        var made = (CustomOperator*)NativeMemory.AllocZeroed((nuint)sizeof(CustomOperator));
        made->Name = (byte*)Marshal.StringToCoTaskMemUTF8(name);
        made->InputCount = inputTypes.Length;
        made->RequiredInputs = required;
        made->OutputType = (int)outputType;
        made->OutputCount = outputs;
        made->RequiredOutputs = requiredOutputs;
        made->Context = context;
        for (int i = 0; i < inputTypes.Length; i++)
        {
            made->InputTypes[i] = (int)inputTypes[i];
        }

        made->Op.Version = OrtCustomOp.FilledVersion;
        made->Op.GetName = &GetName;
        made->Op.GetExecutionProviderType = &GetExecutionProviderType;
        made->Op.GetInputType = &GetInputType;
        made->Op.GetInputTypeCount = &GetInputTypeCount;
        made->Op.GetOutputType = &GetOutputType;
        made->Op.GetOutputTypeCount = &GetOutputTypeCount;
        made->Op.KernelDestroy = &Destroy;
        made->Op.GetInputCharacteristic = &GetInputCharacteristic;
        made->Op.GetOutputCharacteristic = &GetOutputCharacteristic;
        made->Op.GetInputMemoryType = &OnDevice;
        made->Op.GetVariadicInputMinArity = &Arity;
        made->Op.GetVariadicInputHomogeneity = &Arity;
        made->Op.GetVariadicOutputMinArity = &Arity;
        made->Op.GetVariadicOutputHomogeneity = &Arity;
        made->Op.CreateKernelV2 = create;
        made->Op.KernelComputeV2 = compute;
        return made;
    }

    public static void Free(CustomOperator* op)
    {
        Marshal.FreeCoTaskMem((nint)op->Name);
        NativeMemory.Free(op);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte* GetName(OrtCustomOp* op) => ((CustomOperator*)op)->Name;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte* GetExecutionProviderType(OrtCustomOp* op) => _cuda;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GetInputType(OrtCustomOp* op, nuint index) => ((CustomOperator*)op)->InputTypes[(int)index];

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint GetInputTypeCount(OrtCustomOp* op) => (nuint)((CustomOperator*)op)->InputCount;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GetOutputType(OrtCustomOp* op, nuint index) => ((CustomOperator*)op)->OutputType;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint GetOutputTypeCount(OrtCustomOp* op) => (nuint)((CustomOperator*)op)->OutputCount;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Arity(OrtCustomOp* op) => 1;

    // INPUT_OUTPUT_REQUIRED is 0, INPUT_OUTPUT_OPTIONAL 1.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GetInputCharacteristic(OrtCustomOp* op, nuint index) => (int)index < ((CustomOperator*)op)->RequiredInputs ? 0 : 1;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GetOutputCharacteristic(OrtCustomOp* op, nuint index) => (int)index < ((CustomOperator*)op)->RequiredOutputs ? 0 : 1;

    // OrtMemTypeDefault: the provider's own memory.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnDevice(OrtCustomOp* op, nuint index) => 0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Destroy(void* kernel) => NativeMemory.Free(kernel);
}
