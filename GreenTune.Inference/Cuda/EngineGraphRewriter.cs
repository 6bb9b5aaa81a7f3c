using Google.Protobuf;
using GreenTune.Models.Onnx.Wire;

namespace GreenTune.Inference.Cuda;

/// <summary>What <see cref="EngineGraphRewriter"/> puts on our kernels.</summary>
[Flags]
internal enum CudaParts
{
    None = 0,

    /// <summary>Quantised products, with a bias and SiLU(gate) * up inside.</summary>
    Products = 1,

    /// <summary>SiLU(gate) * up behind products that stay ONNX Runtime's.</summary>
    Activations = 2,

    /// <summary>Sums with a residual and their norms.</summary>
    Norms = 4,

    /// <summary>The choice of the token with the highest logit.</summary>
    Token = 8,

    /// <summary>Attention and the cache.</summary>
    Attention = 16,

    All = Products | Activations | Norms | Token | Attention,
}

/// <summary>
/// Puts <see cref="CudaOperators"/> into a graph that a folder holds as standard ONNX, in memory alone. What the kernels do not take stays as it was:
/// other types than fp16 (the activation and the token choice also take others), block sizes, head sizes and attention options that they do not know.
/// </summary>
internal static class EngineGraphRewriter
{
    /// <summary>
    /// The graph of an ONNX file with our operators in it, for a session with <see cref="CudaOperators.AddTo"/> and the session configuration
    /// entry "session.model_external_initializers_file_folder_path" set to the file's folder, where the weights stay.
    /// </summary>
    /// <exception cref="InvalidDataException">The file is no ONNX graph.</exception>
    public static byte[] Rewrite(string engineGraphPath) => Rewrite(engineGraphPath, CudaParts.All, out _);

    /// <inheritdoc cref="Rewrite(string, CudaParts, out int)"/>
    public static byte[] Rewrite(string engineGraphPath, out int rewritten) => Rewrite(engineGraphPath, CudaParts.All, out rewritten);

    /// <inheritdoc cref="Rewrite(string)"/>
    /// <param name="engineGraphPath">An ONNX file with its weights in other files.</param>
    /// <param name="parts">What to rewrite.</param>
    /// <param name="rewritten">Nodes that now are our operators; 0 when nothing was changed.</param>
    public static byte[] Rewrite(string engineGraphPath, CudaParts parts, out int rewritten)
    {
        ModelProto model;
        try
        {
            model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(engineGraphPath));
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException($"{engineGraphPath} is no ONNX file: {e.Message}", e);
        }

        if (model.Graph is null || model.Graph.Node.Count == 0)
        {
            throw new InvalidDataException($"{engineGraphPath} is no ONNX file: it has no graph");
        }

        var graph = new RewritableGraph(model.Graph);
        if (parts.HasFlag(CudaParts.Products))
        {
            ProductRewrites.Products(graph);
        }

        ProductRewrites.GatedActivations(graph, insideProducts: parts.HasFlag(CudaParts.Products), alone: parts.HasFlag(CudaParts.Activations));
        if (parts.HasFlag(CudaParts.Norms))
        {
            LayerRewrites.Norms(graph);
        }

        if (parts.HasFlag(CudaParts.Attention))
        {
            LayerRewrites.Attention(graph);
        }

        if (parts.HasFlag(CudaParts.Token))
        {
            LayerRewrites.Token(graph);
        }

        graph.Finish();
        rewritten = graph.Rewritten;
        if (rewritten > 0)
        {
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = CudaOperators.Domain, Version = 1 });
        }

        return model.ToByteArray();
    }
}
