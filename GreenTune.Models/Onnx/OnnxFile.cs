using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Onnx;

/// <summary>
/// What an ONNX file says about itself: inputs, outputs, nodes and where its weights are. Weights stored inside the file are stepped over, so that a
/// file of any size is read in milliseconds.
/// </summary>
internal sealed class OnnxFile
{
    private readonly List<OnnxValue> _inputs = [];
    private readonly List<OnnxValue> _outputs = [];
    private readonly List<OnnxNode> _nodes = [];
    private readonly List<OnnxTensor> _tensors = [];

    private OnnxFile()
    {
    }

    public IReadOnlyList<OnnxValue> Inputs => _inputs;

    public IReadOnlyList<OnnxValue> Outputs => _outputs;

    /// <summary>Nodes of the main graph.</summary>
    public IReadOnlyList<OnnxNode> Nodes => _nodes;

    /// <summary>Initialisers of the main graph, and every other tensor that the file holds or points to.</summary>
    public IReadOnlyList<OnnxTensor> Tensors => _tensors;

    /// <exception cref="ModelFolderException">The file is missing, truncated or no ONNX file.</exception>
    public static OnnxFile Read(string folder, string name)
    {
        string path = FolderPaths.Inside(folder, name);
        if (!File.Exists(path))
            throw new ModelFolderException(folder, $"{name} is missing");
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            var file = new OnnxFile();
            file.ReadModel(new WireReader(stream));
            if (file._nodes.Count == 0)
                throw new ModelFolderException(folder, $"{name} is no ONNX file: it has no graph");
            return file;
        }
        catch (InvalidDataException e)
        {
            throw new ModelFolderException(folder, $"{name} is truncated or no ONNX file: {e.Message}", e);
        }
    }

    // Field numbers: onnx.proto beside this file.
    private void ReadModel(WireReader reader)
    {
        while (reader.NextField(reader.Length) is { } field)
        {
            if (field == (7, WireKind.Bytes))
                ReadGraph(reader, reader.Open(), main: true);
            else
                reader.Skip();
        }
    }

    private void ReadGraph(WireReader reader, long end, bool main)
    {
        while (reader.NextField(end) is { } field)
        {
            switch (field)
            {
                case (1, WireKind.Bytes):
                    ReadNode(reader, reader.Open(), main);
                    break;
                case (5, WireKind.Bytes):
                    _tensors.Add(ReadTensor(reader, reader.Open()));
                    break;
                case (11, WireKind.Bytes) when main:
                    _inputs.Add(ReadValue(reader, reader.Open()));
                    break;
                case (12, WireKind.Bytes) when main:
                    _outputs.Add(ReadValue(reader, reader.Open()));
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private void ReadNode(WireReader reader, long end, bool main)
    {
        string op = "", domain = "";
        var inputs = new List<string>();
        var numbers = new Dictionary<string, long>(StringComparer.Ordinal);
        while (reader.NextField(end) is { } field)
        {
            switch (field)
            {
                case (1, WireKind.Bytes):
                    inputs.Add(reader.Text());
                    break;
                case (4, WireKind.Bytes):
                    op = reader.Text();
                    break;
                case (5, WireKind.Bytes):
                    ReadAttribute(reader, reader.Open(), numbers);
                    break;
                case (7, WireKind.Bytes):
                    domain = reader.Text();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        if (main)
            _nodes.Add(new OnnxNode(op, domain, inputs, numbers));
    }

    private void ReadAttribute(WireReader reader, long end, Dictionary<string, long> numbers)
    {
        string name = "";
        while (reader.NextField(end) is { } field)
        {
            switch (field)
            {
                case (1, WireKind.Bytes):
                    name = reader.Text();
                    break;
                case (3, WireKind.Varint):
                    numbers[name] = (long)reader.Varint();
                    break;
                case (5 or 10, WireKind.Bytes):
                    _tensors.Add(ReadTensor(reader, reader.Open()));
                    break;
                case (6 or 11, WireKind.Bytes):
                    ReadGraph(reader, reader.Open(), main: false);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private static OnnxTensor ReadTensor(WireReader reader, long end)
    {
        string name = "";
        int type = 0;
        bool external = false;
        var shape = new List<long>();
        var data = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.NextField(end) is { } field)
        {
            switch (field)
            {
                case (1, WireKind.Varint):
                    shape.Add((long)reader.Varint());
                    break;
                case (1, WireKind.Bytes):
                    for (long packedEnd = reader.Open(); reader.Position < packedEnd;)
                        shape.Add((long)reader.Varint());
                    break;
                case (2, WireKind.Varint):
                    type = (int)reader.Varint();
                    break;
                case (8, WireKind.Bytes):
                    name = reader.Text();
                    break;
                case (13, WireKind.Bytes):
                    ReadEntry(reader, reader.Open(), data);
                    break;
                case (14, WireKind.Varint):
                    external = reader.Varint() == 1;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        return new OnnxTensor(name, (TensorElementType)type, shape, external || data.Count > 0 ? OnnxExternalData.From(name, data) : null);
    }

    private static void ReadEntry(WireReader reader, long end, Dictionary<string, string> entries)
    {
        string key = "", value = "";
        while (reader.NextField(end) is { } field)
        {
            if (field == (1, WireKind.Bytes))
                key = reader.Text();
            else if (field == (2, WireKind.Bytes))
                value = reader.Text();
            else
                reader.Skip();
        }
        entries[key] = value;
    }

    private static OnnxValue ReadValue(WireReader reader, long end)
    {
        string name = "";
        TensorElementType type = 0;
        var shape = new List<long?>();
        // ValueInfoProto.type -> TypeProto.tensor_type -> elem_type, shape -> dim
        while (reader.NextField(end) is { } field)
        {
            if (field == (1, WireKind.Bytes))
                name = reader.Text();
            else if (field == (2, WireKind.Bytes))
                ReadType(reader, reader.Open(), ref type, shape);
            else
                reader.Skip();
        }
        return new OnnxValue(name, type, shape);
    }

    private static void ReadType(WireReader reader, long end, ref TensorElementType type, List<long?> shape)
    {
        while (reader.NextField(end) is { } field)
        {
            if (field != (1, WireKind.Bytes))
            {
                reader.Skip();
                continue;
            }
            long tensorEnd = reader.Open();
            while (reader.NextField(tensorEnd) is { } part)
            {
                if (part == (1, WireKind.Varint))
                    type = (TensorElementType)reader.Varint();
                else if (part == (2, WireKind.Bytes))
                    ReadShape(reader, reader.Open(), shape);
                else
                    reader.Skip();
            }
        }
    }

    private static void ReadShape(WireReader reader, long end, List<long?> shape)
    {
        while (reader.NextField(end) is { } field)
        {
            if (field != (1, WireKind.Bytes))
            {
                reader.Skip();
                continue;
            }
            long? size = null;
            long dimensionEnd = reader.Open();
            while (reader.NextField(dimensionEnd) is { } part)
            {
                if (part == (1, WireKind.Varint))
                    size = (long)reader.Varint();
                else
                    reader.Skip();
            }
            shape.Add(size);
        }
    }
}

/// <summary>An input or output; a size that is not fixed is null.</summary>
internal sealed record OnnxValue(string Name, TensorElementType Type, IReadOnlyList<long?> Shape);

/// <summary>A node with its whole-number attributes.</summary>
internal sealed record OnnxNode(string Op, string Domain, IReadOnlyList<string> Inputs, IReadOnlyDictionary<string, long> Numbers);

/// <summary>A stored tensor; <paramref name="External"/> says where its bytes are when they are not in the file.</summary>
internal sealed record OnnxTensor(string Name, TensorElementType Type, IReadOnlyList<long> Shape, OnnxExternalData? External)
{
    public long Elements => Shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>Bytes of the elements; null when the type's size is not known.</summary>
    public long? Bytes => External?.Length ?? (Type.Bits() is { } bits ? (checked(Elements * bits) + 7) / 8 : null);
}

/// <summary>Bytes in another file of the folder; a length that is not given reaches to the file's end.</summary>
internal sealed record OnnxExternalData(string Location, long Offset, long? Length)
{
    public static OnnxExternalData From(string tensor, Dictionary<string, string> entries)
    {
        return entries.TryGetValue("location", out string? location)
            ? new OnnxExternalData(location, Number("offset") ?? 0, Number("length"))
            : throw new InvalidDataException($"tensor {tensor} has external data without a location");

        long? Number(string key) => !entries.TryGetValue(key, out string? text) ? null
            : long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long number) ? number
            : throw new InvalidDataException($"tensor {tensor} has external data with the {key} '{text}'");
    }
}
