using System.Numerics;

namespace GreenTune.Models.Checkpoints.Gguf;

/// <summary>A tensor as a GGUF file lists it.</summary>
/// <param name="Name">The file's own name, for example "blk.0.attn_q.weight".</param>
/// <param name="Type">How its numbers are stored.</param>
/// <param name="Shape">Sizes from the outermost: [outputs, inputs] for matrices. The file has them the other way round.</param>
/// <param name="Offset">First byte in the file.</param>
/// <param name="Bytes">Bytes from there.</param>
internal sealed record GgufTensorInfo(string Name, GgufTensorType Type, long[] Shape, long Offset, long Bytes);

/// <summary>
/// One GGUF file, mapped into memory: "GGUF", version, number of tensors, number of metadata entries, the metadata, the list of tensors, and their bytes
/// from the next multiple of the alignment on (docs/gguf.md of the ggml project, version 3; little endian).
/// </summary>
internal sealed class GgufFile : IDisposable
{
    private const uint Magic = 0x46554747;
    private const uint Version = 3;
    private const string AlignmentKey = "general.alignment";
    private const int DefaultAlignment = 32;
    private const int MaximumDimensions = 4;

    /// <summary>ggml's own limit is 64.</summary>
    private const int MaximumNameBytes = 256;

    /// <summary>Length of a name, a name of one byte, number of dimensions, one dimension, type, offset.</summary>
    private const int SmallestTensor = 8 + 1 + 4 + 8 + 4 + 8;

    private GgufFile(MappedFile file)
    {
        File = file;
        Metadata = new GgufMetadata(file);
    }

    public MappedFile File { get; }

    public string Name => File.Name;

    public GgufMetadata Metadata { get; }

    public IReadOnlyList<GgufTensorInfo> Tensors { get; private set; } = [];

    /// <exception cref="ModelFolderException">The file is truncated, is no GGUF of version 3, or a tensor lies outside it or has a type that is not read.</exception>
    public static GgufFile Open(string folder, string name)
    {
        var file = new GgufFile(new MappedFile(folder, name));
        try
        {
            file.ReadHeader();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => File.Dispose();

    private void ReadHeader()
    {
        var cursor = new GgufCursor(File, 0);
        if (cursor.UInt32("the first four bytes") != Magic)
            throw cursor.Error("is no GGUF file: it does not begin with \"GGUF\"");
        CheckVersion(cursor);
        int tensors = cursor.Count("the number of tensors", SmallestTensor);
        int entries = cursor.Count("the number of metadata entries", GgufMetadata.SmallestEntry);
        for (int i = 0; i < entries; i++)
            Metadata.Add(cursor);
        int alignment = Metadata.OptionalInteger(AlignmentKey, 1, 1 << 20) ?? DefaultAlignment;
        if (!BitOperations.IsPow2(alignment) || alignment < 8)
            throw Metadata.Error(AlignmentKey, $"is {alignment}; a power of two from 8 on is expected");
        var listed = new List<Listed>(tensors);
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < tensors; i++)
        {
            Listed tensor = ReadTensor(cursor, alignment);
            if (!names.Add(tensor.Name))
                throw cursor.Error($"lists the tensor {tensor.Name} twice");
            listed.Add(tensor);
        }
        long dataStart = (cursor.Position + alignment - 1) / alignment * alignment;
        Tensors = [.. listed.Select(t => Place(t, dataStart))];
        CheckOverlaps();
    }

    private static void CheckVersion(GgufCursor cursor)
    {
        uint version = cursor.UInt32("the version");
        if (version == Version)
            return;
        throw cursor.Error(version switch
        {
            1 or 2 => $"is GGUF of version {version}; version 3 is read. Convert the model again with a current llama.cpp",
            Version << 24 or 2u << 24 or 1u << 24 => "is big-endian GGUF; little-endian files are read",
            _ => $"is GGUF of version {version}; version 3 is read",
        });
    }

    private static Listed ReadTensor(GgufCursor cursor, int alignment)
    {
        string name = cursor.Text("a tensor's name", MaximumNameBytes);
        uint dimensions = cursor.UInt32($"the dimensions of tensor {name}");
        if (dimensions is 0 or > MaximumDimensions)
            throw cursor.Error($"is damaged: tensor {name} has {dimensions} dimensions; 1 to {MaximumDimensions} are possible");
        var shape = new long[dimensions];
        Int128 elements = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            ulong size = cursor.UInt64($"the dimensions of tensor {name}");
            elements *= size;
            if (size == 0 || elements > long.MaxValue / 4)
                throw cursor.Error($"is damaged: tensor {name} has a dimension of {size}");
            shape[i] = (long)size;
        }
        uint number = cursor.UInt32($"the type of tensor {name}");
        if (GgufTensorTypes.Find(number) is not { } type)
            throw cursor.Error($"has the tensor {name} of type {GgufTensorTypes.NameOf(number)}; {GgufTensorTypes.Known} are read");
        if (shape[^1] % type.BlockElements() != 0)
            throw cursor.Error($"is damaged: rows of tensor {name} have {shape[^1]} numbers, where {type} has blocks of {type.BlockElements()}");
        ulong offset = cursor.UInt64($"the offset of tensor {name}");
        if (offset % (ulong)alignment != 0)
            throw cursor.Error($"is damaged: tensor {name} begins at byte {offset} of the data, which is no multiple of the alignment ({alignment})");
        return new Listed(name, type, shape, offset, (long)elements / type.BlockElements() * type.BlockBytes());
    }

    private GgufTensorInfo Place(Listed tensor, long dataStart)
    {
        if (tensor.Offset > (ulong)File.Length || (Int128)tensor.Offset + dataStart + tensor.Bytes > File.Length)
        {
            throw new ModelFolderException(File.Folder,
                $"{Name} is truncated: tensor {tensor.Name} has {tensor.Bytes} bytes from byte {(Int128)tensor.Offset + dataStart} on, where the file has {File.Length}");
        }
        return new GgufTensorInfo(tensor.Name, tensor.Type, tensor.Shape, dataStart + (long)tensor.Offset, tensor.Bytes);
    }

    private void CheckOverlaps()
    {
        GgufTensorInfo? before = null;
        foreach (GgufTensorInfo tensor in Tensors.OrderBy(t => t.Offset))
        {
            if (before is not null && before.Offset + before.Bytes > tensor.Offset)
                throw new ModelFolderException(File.Folder, $"{Name} is damaged: tensors {before.Name} and {tensor.Name} overlap");
            before = tensor;
        }
    }

    private sealed record Listed(string Name, GgufTensorType Type, long[] Shape, ulong Offset, long Bytes);
}
