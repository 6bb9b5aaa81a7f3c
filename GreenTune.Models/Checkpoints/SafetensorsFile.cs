using System.Buffers.Binary;
using System.Text.Json;

namespace GreenTune.Models.Checkpoints;

/// <summary>
/// One safetensors file, mapped into memory: 8 bytes length of the header (little endian), a JSON header, the tensors' bytes.
/// </summary>
/// <remarks>
/// Header: <c>{"model.norm.weight": {"dtype": "F16", "shape": [256], "data_offsets": [0, 512]}, "__metadata__": {"format": "pt"}}</c>;
/// offsets count from the end of the header.
/// </remarks>
internal sealed class SafetensorsFile : IDisposable
{
    private const int LengthBytes = 8;

    /// <summary>The format's own limit for the header.</summary>
    private const long MaximumHeaderBytes = 100_000_000;

    private readonly MappedFile _file;

    private SafetensorsFile(MappedFile file) => _file = file;

    /// <summary>File name inside the folder.</summary>
    public string Name => _file.Name;

    public IReadOnlyDictionary<string, CheckpointTensor> Tensors { get; private set; } = new Dictionary<string, CheckpointTensor>();

    /// <exception cref="ModelFolderException">The file is truncated, its header is not one, or a tensor lies outside the file.</exception>
    public static SafetensorsFile Open(string folder, string name)
    {
        var file = new MappedFile(folder, name);
        try
        {
            if (file.Length < LengthBytes)
                throw new ModelFolderException(folder, $"{name} is truncated: {file.Length} bytes, where a safetensors file begins with 8 bytes of header length");
            var opened = new SafetensorsFile(file);
            opened.ReadHeader(file.Length);
            return opened;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    private void ReadHeader(long length)
    {
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(_file.Bytes(0, LengthBytes));
        if (headerLength is 0 or > MaximumHeaderBytes)
            throw new ModelFolderException(_file.Folder, $"{Name} is no safetensors file: it says that its header has {headerLength} bytes");
        if (LengthBytes + (long)headerLength > length)
            throw new ModelFolderException(_file.Folder, $"{Name} is truncated: its header has {headerLength} bytes, the file {length}");
        long dataStart = LengthBytes + (long)headerLength;
        var tensors = new Dictionary<string, CheckpointTensor>(StringComparer.Ordinal);
        try
        {
            var reader = new Utf8JsonReader(_file.Bytes(LengthBytes, (int)headerLength));
            using JsonDocument header = JsonDocument.ParseValue(ref reader);
            if (header.RootElement.ValueKind != JsonValueKind.Object)
                throw new ModelFolderException(_file.Folder, $"{Name} is no safetensors file: its header is not a JSON object");
            foreach (JsonProperty entry in header.RootElement.EnumerateObject())
            {
                if (entry.Name != "__metadata__")
                    tensors[entry.Name] = ReadEntry(entry, dataStart, length - dataStart);
            }
        }
        catch (JsonException e)
        {
            throw new ModelFolderException(_file.Folder, $"{Name} is no safetensors file: its header is not JSON", e);
        }
        Tensors = tensors;
    }

    private MappedFloats ReadEntry(JsonProperty entry, long dataStart, long dataLength)
    {
        string type = entry.Value.ValueKind == JsonValueKind.Object && entry.Value.TryGetProperty("dtype", out JsonElement dtype) && dtype.ValueKind == JsonValueKind.String
            ? dtype.GetString()!
            : throw Bad("has no dtype");
        long[] shape = Integers(entry.Value, "shape") ?? throw Bad("has no valid shape");
        long[] offsets = Integers(entry.Value, "data_offsets") ?? throw Bad("has no valid data_offsets");
        if (offsets.Length != 2 || offsets[1] < offsets[0])
            throw Bad("has no valid data_offsets");
        if (offsets[1] > dataLength)
            throw new ModelFolderException(_file.Folder, $"{Name} is truncated: tensor {entry.Name} ends at byte {offsets[1]} of the data, which has {dataLength}");
        FloatFormat? format = FloatFormats.FromSafetensors(type);
        if (format is not null)
        {
            long elements = 1;
            foreach (long size in shape)
            {
                try
                {
                    elements = checked(elements * size);
                }
                catch (OverflowException)
                {
                    throw Bad("has no valid shape");
                }
            }
            if (UInt128.CreateChecked(elements) * (uint)format.Value.SizeInBytes() != (UInt128)(offsets[1] - offsets[0]))
                throw Bad($"has shape [{string.Join(", ", shape)}] of {type}, which does not fit its {offsets[1] - offsets[0]} bytes");
        }
        return new MappedFloats(_file, entry.Name, type, format, shape, dataStart + offsets[0], offsets[1] - offsets[0]);

        ModelFolderException Bad(string what) => new(_file.Folder, $"tensor {entry.Name} in {Name} {what}");
    }

    private static long[]? Integers(JsonElement owner, string property)
    {
        if (!owner.TryGetProperty(property, out JsonElement list) || list.ValueKind != JsonValueKind.Array)
            return null;
        var values = new List<long>(list.GetArrayLength());
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out long value) || value < 0)
                return null;
            values.Add(value);
        }
        return [.. values];
    }
}
