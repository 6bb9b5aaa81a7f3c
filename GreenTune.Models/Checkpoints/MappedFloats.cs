using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace GreenTune.Models.Checkpoints;

/// <summary>A tensor of floating-point numbers that lie in a mapped file one after the other, as in safetensors files and in the data of graphs.</summary>
internal sealed class MappedFloats(MappedFile file, string name, string typeName, FloatFormat? format, long[] shape, long offset, long bytes)
    : CheckpointTensor(name, typeName, shape)
{
    public override string FileName => file.Name;

    public override void Read(long start, Span<float> destination)
    {
        FloatFormat type = format ?? throw Error($"has the type {TypeName}; F32, F16 and BF16 are read");
        int size = type.SizeInBytes();
        ReadOnlySpan<byte> source = file.Bytes(offset + start * size, checked(destination.Length * size));
        switch (type)
        {
            case FloatFormat.F32:
                MemoryMarshal.Cast<byte, float>(source).CopyTo(destination);
                break;
            case FloatFormat.F16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);
                break;
            default:
                ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(source);
                for (int i = 0; i < halves.Length; i++)
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
                break;
        }
    }

    public override void Release() => file.Release(offset, bytes);

    public override ModelFolderException Error(string what) => new(file.Folder, $"tensor {Name} in {file.Name} {what}");
}
