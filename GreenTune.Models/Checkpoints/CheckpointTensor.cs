using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace GreenTune.Models.Checkpoints;

/// <summary>A tensor of a mapped checkpoint: read in runs, converted to float32 on the way. Valid until its checkpoint is disposed.</summary>
internal sealed class CheckpointTensor(SafetensorsFile file, string name, string typeName, FloatFormat? format, long[] shape, long offset)
{
    public string Name => name;

    /// <summary>Type as the file names it, for example "F16".</summary>
    public string TypeName => typeName;

    public IReadOnlyList<long> Shape => shape;

    public string FileName => file.Name;

    /// <summary>Copies <paramref name="destination"/>.Length elements from row-major position <paramref name="start"/>.</summary>
    /// <exception cref="ModelFolderException">The tensor's type is not a float32, float16 or bfloat16.</exception>
    public void Read(long start, Span<float> destination)
    {
        FloatFormat type = format ?? throw Error($"has the type {typeName}; F32, F16 and BF16 are read");
        int size = type.SizeInBytes();
        ReadOnlySpan<byte> bytes = file.Bytes(offset + start * size, checked(destination.Length * size));
        switch (type)
        {
            case FloatFormat.F32:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(destination);
                break;
            case FloatFormat.F16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), destination);
                break;
            default:
                ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < halves.Length; i++)
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
                break;
        }
    }

    public ModelFolderException Error(string what) => new(file.Folder, $"tensor {name} in {file.Name} {what}");
}
