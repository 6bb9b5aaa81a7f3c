using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace GreenTune.Models.Tests.Support;

/// <summary>Writes safetensors files for tests.</summary>
internal static class SafetensorsWriter
{
    public sealed record Tensor(string Name, string Type, long[] Shape, byte[] Bytes);

    public static Tensor Float32(string name, long[] shape, params float[] values) => new(name, "F32", shape, MemoryMarshal.AsBytes<float>(values).ToArray());

    public static Tensor Float16(string name, long[] shape, params float[] values) =>
        new(name, "F16", shape, MemoryMarshal.AsBytes<Half>(values.Select(v => (Half)v).ToArray()).ToArray());

    public static Tensor BFloat16(string name, long[] shape, params float[] values) =>
        new(name, "BF16", shape, MemoryMarshal.AsBytes<ushort>(values.Select(v => (ushort)(BitConverter.SingleToUInt32Bits(v) >> 16)).ToArray()).ToArray());

    public static void Write(string path, params IEnumerable<Tensor> tensors) => File.WriteAllBytes(path, Bytes([.. tensors]));

    public static byte[] Bytes(IReadOnlyList<Tensor> tensors)
    {
        var header = new Dictionary<string, object> { ["__metadata__"] = new { format = "pt" } };
        long offset = 0;
        foreach (Tensor tensor in tensors)
        {
            header[tensor.Name] = new { dtype = tensor.Type, shape = tensor.Shape, data_offsets = new[] { offset, offset + tensor.Bytes.Length } };
            offset += tensor.Bytes.Length;
        }
        return WithHeader(JsonSerializer.SerializeToUtf8Bytes(header), [.. tensors.SelectMany(t => t.Bytes)]);
    }

    public static byte[] WithHeader(byte[] header, byte[] data)
    {
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return [.. length, .. header, .. data];
    }
}
