using System.Runtime.InteropServices;
using GreenTune.Models.Folders;
using GreenTune.Models.Onnx;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Adapters;

/// <summary>A low-rank adapter that fits a folder: a pair of matrices for each map that it changes, with the adapter's scale inside the second.</summary>
public sealed record LowRankAdapter
{
    /// <summary>Ranks above it are refused: such a change is no longer small beside the weights.</summary>
    public const int MaximumRank = 1024;

    public required IReadOnlyList<LowRankPair> Pairs { get; init; }

    /// <summary>The largest rank of a pair. Maps that are stored packed (query, key and value; gate and up) count the ranks of their parts together.</summary>
    public int Rank => Pairs.Max(p => p.Rank);

    /// <summary>Bytes of the matrices in the folder's own type.</summary>
    public long Bytes => Pairs.Sum(p => (long)p.Rank * (p.Target.Inputs + p.Target.Outputs) * FloatTypes.Bytes(p.Target.Type));

    /// <summary>Reads a file and holds it against a folder.</summary>
    /// <exception cref="AdapterException">The file cannot be read, or is for another model.</exception>
    public static LowRankAdapter Load(ModelFolder folder, string path) => Of(folder, AdapterFile.Read(path), Path.GetFileName(path));

    /// <param name="folder">The folder that the adapter is for.</param>
    /// <param name="file">The adapter.</param>
    /// <param name="name">What to call it in errors.</param>
    /// <exception cref="AdapterException">It does not fit the folder.</exception>
    public static LowRankAdapter Of(ModelFolder folder, AdapterFile file, string name)
    {
        if (folder.AdapterTargets.Count == 0)
            throw new AdapterException(name, $"cannot be used: {folder.Id} was not built for adapters; build it with `greentune models build {folder.Id} --adapters`");
        if (file.Tensors.GroupBy(t => t.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new AdapterException(name, $"holds {twice.Key} twice");
        Dictionary<string, AdapterTensor> tensors = file.Tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        var pairs = new List<LowRankPair>();
        foreach (AdapterTarget target in folder.AdapterTargets)
        {
            bool hasDown = tensors.Remove(target.DownName, out AdapterTensor? down);
            bool hasUp = tensors.Remove(target.UpName, out AdapterTensor? up);
            if (hasDown && hasUp)
                pairs.Add(Pair(target, down!, up!, name));
            else if (hasDown || hasUp)
                throw new AdapterException(name, $"holds {(hasDown ? target.DownName : target.UpName)} without {(hasDown ? target.UpName : target.DownName)}");
        }
        if (tensors.Count > 0)
            throw new AdapterException(name, $"holds {tensors.Keys.First()}, which {folder.Id} has no input for: it is for another model, or for a folder that was built another way");
        return pairs.Count > 0 ? new LowRankAdapter { Pairs = pairs } : throw new AdapterException(name, "is empty");
    }

    /// <summary>The adapter as a file, in float32.</summary>
    public AdapterFile ToFile() => new()
    {
        Tensors = [.. Pairs.SelectMany(p => new[] { Tensor(p.Target.DownName, p.Target.Inputs, p.Rank, p.Down), Tensor(p.Target.UpName, p.Rank, p.Target.Outputs, p.Up) })],
    };

    private static AdapterTensor Tensor(string name, int rows, int columns, float[] values) =>
        new(name, TensorElementType.Float, [rows, columns], MemoryMarshal.AsBytes<float>(values).ToArray());

    private static LowRankPair Pair(AdapterTarget target, AdapterTensor down, AdapterTensor up, string file)
    {
        if (down.Shape is not [var inputs, var rank] || up.Shape is not [var second, var outputs] || inputs != target.Inputs || outputs != target.Outputs || rank != second || rank is < 1 or > MaximumRank)
        {
            throw new AdapterException(file,
                $"gives {target.Name} matrices of [{string.Join(", ", down.Shape)}] and [{string.Join(", ", up.Shape)}], where [{target.Inputs}, rank] and [rank, {target.Outputs}] with a rank of 1 to {MaximumRank} are expected");
        }
        return new LowRankPair(target, (int)rank, Floats(down, target, file), Floats(up, target, file));
    }

    private static float[] Floats(AdapterTensor tensor, AdapterTarget target, string file)
    {
        float[] values = FloatTypes.ToFloats(tensor.Data.Span, tensor.Type);
        foreach (float value in values)
        {
            // NaN compares with nothing.
            if (!(MathF.Abs(value) <= FloatTypes.Largest(target.Type)))
                throw new AdapterException(file, $"holds {value.ToString(System.Globalization.CultureInfo.InvariantCulture)} in {tensor.Name}, which {FloatTypes.Word(target.Type)} cannot hold");
        }
        return values;
    }
}

/// <summary>The change of one map: input x <paramref name="Down"/> x <paramref name="Up"/>.</summary>
/// <param name="Target">The map.</param>
/// <param name="Rank">Columns of <paramref name="Down"/>.</param>
/// <param name="Down">A, [inputs, rank], row-major.</param>
/// <param name="Up">B times the adapter's scale, [rank, outputs], row-major.</param>
public sealed record LowRankPair(AdapterTarget Target, int Rank, float[] Down, float[] Up);
