using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Adapters;

/// <summary>A tensor of an adapter file.</summary>
/// <param name="Name">The graph input that it is for.</param>
/// <param name="Type">float32, float16 or bfloat16.</param>
/// <param name="Shape">Sizes.</param>
/// <param name="Data">Row-major, little endian.</param>
public sealed record AdapterTensor(string Name, TensorElementType Type, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Data);

/// <summary>
/// ONNX Runtime's own file of low-rank adapters (.onnx_adapter): a FlatBuffers table of named tensors, which its OrtLoraAdapter reads as well.
/// </summary>
/// <remarks>
/// Schema (onnxruntime/lora/adapter_format/adapter_schema.fbs): root Adapter { format_version: int; adapter_version: int; model_version: int; parameters:
/// [Parameter] }, Parameter { name: string; dims: [long]; data_type: int (ONNX's numbers); raw_data: [ubyte], aligned to 8 }, identifier "TORT".
/// </remarks>
public sealed record AdapterFile
{
    public const string Extension = ".onnx_adapter";

    /// <summary>Version of the format that is read and written.</summary>
    public const int FormatVersion = 1;

    /// <summary>Larger files are refused: FlatBuffers' offsets end at 2 GiB, and an adapter is small.</summary>
    public const long MaximumBytes = 1L << 30;

    private const int MaximumTensors = 1 << 16;

    /// <summary>The maker's own number.</summary>
    public int AdapterVersion { get; init; } = 1;

    /// <summary>The maker's number of the model that it is for.</summary>
    public int ModelVersion { get; init; } = 1;

    public required IReadOnlyList<AdapterTensor> Tensors { get; init; }

    /// <exception cref="AdapterException">The file is missing, too large, truncated or no adapter file.</exception>
    public static AdapterFile Read(string path)
    {
        string name = Path.GetFileName(path);
        try
        {
            long length = new FileInfo(path).Length;
            return length <= MaximumBytes
                ? Read(File.ReadAllBytes(path), name)
                : throw new AdapterException(name, $"has {length >> 20} MB, where adapters of up to {MaximumBytes >> 20} MB are read");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new AdapterException(name, "does not exist", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AdapterException(name, $"cannot be read: {e.Message}", e);
        }
    }

    /// <param name="bytes">The file. The tensors are views of it.</param>
    /// <param name="name">What to call it in errors.</param>
    /// <exception cref="AdapterException">It is truncated or no adapter file.</exception>
    public static AdapterFile Read(byte[] bytes, string name)
    {
        try
        {
            var reader = new FlatBufferReader(bytes);
            if (!reader.HasIdentifier(AdapterFileWriter.Identifier))
                throw new AdapterException(name, "is no adapter file: it does not have the mark TORT of ONNX Runtime's adapters");
            int root = reader.Root();
            int version = reader.Int32(root, 0);
            if (version != FormatVersion)
                throw new AdapterException(name, $"has format version {version}; {FormatVersion} is read");
            return new AdapterFile
            {
                AdapterVersion = reader.Int32(root, 1),
                ModelVersion = reader.Int32(root, 2),
                Tensors = [.. reader.Tables(root, 3, MaximumTensors).Select(table => Tensor(reader, table, name))],
            };
        }
        catch (InvalidDataException e)
        {
            throw new AdapterException(name, $"is truncated or no adapter file: {e.Message}", e);
        }
    }

    /// <summary>Writes the file whole or not at all.</summary>
    /// <exception cref="ArgumentException">It would be larger than <see cref="MaximumBytes"/>.</exception>
    public void Write(string path)
    {
        string part = path + ".part";
        File.WriteAllBytes(part, AdapterFileWriter.Bytes(this));
        File.Move(part, path, overwrite: true);
    }

    private static AdapterTensor Tensor(FlatBufferReader reader, int table, string file)
    {
        string name = reader.Text(table, 0);
        long[] shape = reader.Int64s(table, 1);
        var type = (TensorElementType)reader.Int32(table, 2);
        ReadOnlyMemory<byte> data = reader.Bytes(table, 3);
        int width = type switch
        {
            TensorElementType.Float => 4,
            TensorElementType.Float16 or TensorElementType.BFloat16 => 2,
            _ => throw new AdapterException(file, $"holds {name} as {type}; float32, float16 and bfloat16 are read"),
        };
        Int128 bytes = width;
        foreach (long size in shape)
        {
            if (size < 0 || (bytes *= size) > MaximumBytes)
                throw new AdapterException(file, $"gives {name} the impossible shape [{string.Join(", ", shape)}]");
        }
        return bytes == data.Length
            ? new AdapterTensor(name, type, shape, data)
            : throw new AdapterException(file, $"gives {name} the shape [{string.Join(", ", shape)}] of {type}, which does not fit its {data.Length} bytes");
    }
}
