using GreenTune.Models.Building;
using GreenTune.Models.Onnx;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Adapters;

/// <summary>A map of a folder's graphs that a low-rank adapter may change: result = input x weights^T + input x A x B.</summary>
/// <param name="Name">Its place in the decoder, for example "layers.0.attention.qkv".</param>
/// <param name="Inputs">Rows of A.</param>
/// <param name="Outputs">Columns of B.</param>
/// <param name="Type">Type that the graph takes A and B in.</param>
public sealed record AdapterTarget(string Name, int Inputs, int Outputs, TensorElementType Type)
{
    /// <summary>Graph input for A, [inputs, rank].</summary>
    public string DownName => Name + AdaptableLinear.DownSuffix;

    /// <summary>Graph input for B, [rank, outputs]; it holds the adapter's scale already.</summary>
    public string UpName => Name + AdaptableLinear.UpSuffix;

    /// <summary>The targets among a graph's inputs.</summary>
    internal static IReadOnlyList<AdapterTarget> Of(OnnxFile graph)
    {
        Dictionary<string, OnnxValue> inputs = graph.Inputs.DistinctBy(i => i.Name).ToDictionary(i => i.Name, StringComparer.Ordinal);
        var targets = new List<AdapterTarget>();
        foreach (OnnxValue down in graph.Inputs.Where(i => i.Name.EndsWith(AdaptableLinear.DownSuffix, StringComparison.Ordinal)))
        {
            string name = down.Name[..^AdaptableLinear.DownSuffix.Length];
            if (inputs.TryGetValue(name + AdaptableLinear.UpSuffix, out OnnxValue? up) && down.Shape is [{ } rows, null] && up.Shape is [null, { } columns])
                targets.Add(new AdapterTarget(name, checked((int)rows), checked((int)columns), down.Type));
        }
        return targets;
    }
}
