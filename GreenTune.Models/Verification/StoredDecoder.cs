using GreenTune.Models.Architectures;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Folders;
using GreenTune.Models.Onnx;
using GreenTune.Models.Quantization;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Verification;

/// <summary>
/// The decoder whose weights are those that a folder stores, dequantised: what the folder's graphs should compute, apart from the rounding of activations.
/// Valid until disposed.
/// </summary>
internal sealed class StoredDecoder : IDisposable
{
    private readonly MappedFile _file;
    private readonly string _folder;
    private readonly ModelManifest _manifest;
    private readonly Dictionary<string, OnnxTensor> _tensors;

    /// <param name="folder">A folder of ours.</param>
    /// <param name="source">The checkpoint's decoder, for its sizes and positions.</param>
    /// <exception cref="ModelFolderException">The folder is not ours, or a tensor is missing.</exception>
    public StoredDecoder(ModelFolder folder, DecoderModel source)
    {
        _folder = folder.FolderPath;
        _manifest = folder.Manifest ?? throw new ModelFolderException(_folder, $"{ModelManifest.FileName} is missing: only folders that GreenTune built can be read back");
        _tensors = OnnxFile.Read(_folder, ModelFolder.EngineGraphFile).Tensors.Where(t => t.External is not null).DistinctBy(t => t.Name).ToDictionary(t => t.Name, StringComparer.Ordinal);
        _file = new MappedFile(_folder, ModelFolder.WeightsFile);
        try
        {
            Model = source with
            {
                Embedding = Matrix("embedding", source.Embedding.Rows, source.Embedding.Columns),
                Head = Has("head") ? Matrix("head", source.Embedding.Rows, source.Embedding.Columns) : null,
                FinalNorm = Vector("final.norm"),
                Layers = [.. source.Layers.Select((layer, i) => Layer(layer, $"layers.{i}.", source.Shape))],
            };
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    public DecoderModel Model { get; }

    public void Dispose() => _file.Dispose();

    private DecoderLayer Layer(DecoderLayer source, string prefix, DecoderShape shape)
    {
        int query = shape.Heads * shape.HeadSize;
        int keyValue = shape.KeyValueHeads * shape.HeadSize;
        Linear packed = Map(prefix + "attention.qkv", query + (2 * keyValue), shape.HiddenSize);
        Linear gateUp = Map(prefix + "feed_forward.gate_up", 2 * shape.IntermediateSize, shape.HiddenSize);
        return new DecoderLayer
        {
            AttentionNorm = Vector(prefix + "attention.norm"),
            Query = packed.Slice(0, query),
            Key = packed.Slice(query, keyValue),
            Value = packed.Slice(query + keyValue, keyValue),
            QueryNorm = source.QueryNorm is null ? null : Vector(prefix + "attention.query_norm"),
            KeyNorm = source.KeyNorm is null ? null : Vector(prefix + "attention.key_norm"),
            SlidingWindow = source.SlidingWindow,
            AttentionOutput = Map(prefix + "attention.output", shape.HiddenSize, query),
            FeedForwardNorm = Vector(prefix + "feed_forward.norm"),
            Gate = gateUp.Slice(0, shape.IntermediateSize),
            Up = gateUp.Slice(shape.IntermediateSize, shape.IntermediateSize),
            Down = Map(prefix + "feed_forward.down", shape.HiddenSize, shape.IntermediateSize),
        };
    }

    private bool Has(string name) => _tensors.ContainsKey(name + ".weight") || _tensors.ContainsKey(name + ".codes");

    private Linear Map(string name, int rows, int columns) => new(Matrix(name, rows, columns), _tensors.ContainsKey(name + ".bias") ? Vector(name + ".bias") : null);

    private WeightMatrix Matrix(string name, int rows, int columns)
    {
        if (_tensors.TryGetValue(name + ".weight", out OnnxTensor? dense))
            return WeightMatrix.From(Floats(dense, rows, columns));
        // The look-up has the codes under another name.
        OnnxTensor codes = _tensors.GetValueOrDefault(name + ".codes") ?? Find(name + ".codes.rows");
        OnnxTensor scales = Find(name + ".scales");
        OnnxTensor? zeroPoints = _tensors.GetValueOrDefault(name + ".zero_points");
        int blockSize = _manifest.BlockSize ?? throw new ModelFolderException(_folder, $"{ModelManifest.FileName}: blockSize is missing, and tensor {codes.Name} has blocks");
        int blocks = (columns + blockSize - 1) / blockSize;
        int bits = (int)(codes.Elements * 8 / ((long)rows * blocks * blockSize));
        var format = new BlockFormat(bits, blockSize, zeroPoints is null, scales.Type);
        return new StoredMatrix(format, rows, columns, Bytes(codes), Floats(scales, rows, format.Blocks(columns)), zeroPoints is null ? null : Bytes(zeroPoints));
    }

    private WeightMatrix Vector(string name)
    {
        OnnxTensor tensor = Find(name);
        return WeightMatrix.Vector(Floats(tensor, tensor.Shape[0]));
    }

    private OnnxTensor Find(string name) =>
        _tensors.GetValueOrDefault(name) ?? throw new ModelFolderException(_folder, $"{ModelFolder.EngineGraphFile} has no tensor {name}");

    private MappedFloats Floats(OnnxTensor tensor, params long[] shape)
    {
        FloatFormat format = tensor.Type switch
        {
            TensorElementType.Float => FloatFormat.F32,
            TensorElementType.Float16 => FloatFormat.F16,
            TensorElementType.BFloat16 => FloatFormat.BF16,
            _ => throw new ModelFolderException(_folder, $"tensor {tensor.Name} has the type {tensor.Type}"),
        };
        return new MappedFloats(_file, tensor.Name, format.ToString(), format, shape, tensor.External!.Offset, tensor.Bytes ?? 0);
    }

    private StoredBytes Bytes(OnnxTensor tensor) => new(_file, tensor.External!.Offset, tensor.Bytes ?? 0);

    private sealed record StoredBytes(MappedFile File, long Offset, long Length)
    {
        public ReadOnlySpan<byte> Row(int row, int bytes) => File.Bytes(Offset + ((long)row * bytes), bytes);

        public void Release() => File.Release(Offset, Length);
    }

    /// <summary>Dequantises the rows that are asked for.</summary>
    private sealed class StoredMatrix(BlockFormat format, int rows, int columns, StoredBytes codes, CheckpointTensor scales, StoredBytes? zeroPoints) : WeightMatrix(rows, columns)
    {
        public override void Read(int row, int column, Span<float> destination)
        {
            int blocks = format.Blocks(Columns);
            var rowScales = new float[blocks];
            scales.Read((long)row * blocks, rowScales);
            ReadOnlySpan<byte> zeros = zeroPoints is null ? [] : zeroPoints.Row(row, format.ZeroPointBytes(Columns));
            ReadOnlySpan<byte> rowCodes = codes.Row(row, blocks * format.BytesPerBlock);
            if (column == 0 && destination.Length == Columns)
            {
                format.Dequantize(rowCodes, rowScales, zeros, destination);
                return;
            }
            var whole = new float[Columns];
            format.Dequantize(rowCodes, rowScales, zeros, whole);
            whole.AsSpan(column, destination.Length).CopyTo(destination);
        }

        public override void Release()
        {
            codes.Release();
            zeroPoints?.Release();
        }

        public override ModelFolderException Error(int row, string what) => scales.Error(what);
    }
}
