using System.Globalization;
using GreenTune.Models.Onnx.Wire;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Onnx;

/// <summary>
/// Writes the external data of a model, one tensor after the other, each at a multiple of 4096 bytes so that it can be mapped.
/// </summary>
internal sealed class WeightFileWriter(string path) : IDisposable
{
    private const int Alignment = 4096;

    private readonly FileStream _file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
    private readonly string _name = Path.GetFileName(path);
    private byte[] _scratch = [];

    public long Length => _file.Position;

    /// <summary>Starts a tensor: the bytes written until the next one are its elements. Returns its description for a graph.</summary>
    public TensorProto Begin(string name, TensorElementType type, params ReadOnlySpan<long> shape)
    {
        long padding = -_file.Position & (Alignment - 1);
        _file.Write(new byte[padding]);
        long bits = type.Bits() ?? throw new ArgumentOutOfRangeException(nameof(type), type, "The type's size is not known.");
        foreach (long size in shape)
            bits = checked(bits * size);
        var tensor = new TensorProto { Name = name, DataType = (int)type, DataLocation = TensorProto.Types.DataLocation.External };
        tensor.Dims.AddRange(shape.ToArray());
        Describe(tensor, _file.Position, (bits + 7) / 8);
        return tensor;
    }

    /// <summary>The same bytes as <paramref name="tensor"/> under another name, type or shape.</summary>
    public static TensorProto View(TensorProto tensor, string name, params ReadOnlySpan<long> shape)
    {
        TensorProto view = tensor.Clone();
        view.Name = name;
        view.Dims.Clear();
        view.Dims.AddRange(shape.ToArray());
        return view;
    }

    public void Write(ReadOnlySpan<byte> bytes) => _file.Write(bytes);

    /// <summary>Writes <paramref name="values"/> as <paramref name="type"/>, which is float32, float16 or bfloat16.</summary>
    public void Write(ReadOnlySpan<float> values, TensorElementType type)
    {
        int bytes = values.Length * FloatTypes.Bytes(type);
        if (_scratch.Length < bytes)
            _scratch = new byte[bytes];
        FloatTypes.Convert(values, type, _scratch);
        _file.Write(_scratch.AsSpan(0, bytes));
    }

    /// <summary>Hands everything to the disk.</summary>
    public void Complete() => _file.Flush(flushToDisk: true);

    public void Dispose() => _file.Dispose();

    private void Describe(TensorProto tensor, long offset, long length)
    {
        Add("location", _name);
        Add("offset", offset.ToString(CultureInfo.InvariantCulture));
        Add("length", length.ToString(CultureInfo.InvariantCulture));

        void Add(string key, string value) => tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
    }
}
