using GreenTune.Models.Onnx;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Folders;

/// <summary>Checks that a folder's graphs, weights and configuration fit together.</summary>
internal static class FolderCheck
{
    /// <summary>Every tensor that a graph keeps in another file is inside the folder and inside that file. Returns those files' bytes.</summary>
    public static long ExternalData(string folder, string graph, OnnxFile file)
    {
        var lengths = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (OnnxTensor tensor in file.Tensors)
        {
            if (tensor.External is not { } data)
                continue;
            if (!lengths.TryGetValue(data.Location, out long length))
            {
                var info = new FileInfo(FolderPaths.Inside(folder, data.Location));
                if (!info.Exists)
                    throw new ModelFolderException(folder, $"{data.Location}, which {graph} keeps tensor {tensor.Name} in, is missing");
                lengths.Add(data.Location, length = info.Length);
            }
            if (data.Offset > length || (data.Length ?? 0) > length - data.Offset)
                throw new ModelFolderException(folder, $"{data.Location} is truncated: tensor {tensor.Name} of {graph} ends at byte {data.Offset + (data.Length ?? 0)}, the file has {length}");
        }
        return lengths.Values.Sum();
    }

    /// <summary>GenAI's graph has the inputs and outputs that the configuration names, with its sizes. Returns the type of keys and values.</summary>
    public static TensorElementType GenAI(string folder, GenAIConfig config, OnnxFile graph)
    {
        GenAIGraph names = config.Graph;
        Find(folder, names.File, "input", graph.Inputs, names.InputIds);
        Find(folder, names.File, "input", graph.Inputs, names.AttentionMask);
        if (names.PositionIds is { } positions)
            Find(folder, names.File, "input", graph.Inputs, positions);
        Logits(folder, config, names.File, Find(folder, names.File, "output", graph.Outputs, names.Logits));
        return Cache(folder, config, names.File, graph, names);
    }

    /// <summary>The engine's graph keeps the engine's contract.</summary>
    public static void Engine(string folder, GenAIConfig config, OnnxFile graph, TensorElementType keyValueType)
    {
        const string File = ModelFolder.EngineGraphFile;
        Ours(folder, File, config, graph, keyValueType);
        foreach ((string output, TensorElementType type) in new[] { ("next_token", TensorElementType.Int64), ("seqlens_next", TensorElementType.Int32) })
            Type(folder, File, Find(folder, File, "output", graph.Outputs, output), type);
    }

    /// <summary>The scoring graph has the engine's inputs and logits of all positions.</summary>
    public static void Scoring(string folder, GenAIConfig config, OnnxFile graph, TensorElementType keyValueType) =>
        Ours(folder, ModelFolder.ScoringGraphFile, config, graph, keyValueType);

    private static void Ours(string folder, string file, GenAIConfig config, OnnxFile graph, TensorElementType keyValueType)
    {
        foreach ((string input, TensorElementType type) in new[] { ("input_ids", TensorElementType.Int64), ("seqlens_k", TensorElementType.Int32), ("total_sequence_length", TensorElementType.Int32) })
            Type(folder, file, Find(folder, file, "input", graph.Inputs, input), type);
        OnnxValue logits = Find(folder, file, "output", graph.Outputs, "logits");
        Type(folder, file, logits, TensorElementType.Float);
        Logits(folder, config, file, logits);
        TensorElementType cacheType = Cache(folder, config, file, graph, GenAIGraph.Ours(file));
        if (cacheType != keyValueType)
            throw new ModelFolderException(folder, $"{file} keeps keys and values as {cacheType}, {config.Graph.File} as {keyValueType}");
    }

    private static TensorElementType Cache(string folder, GenAIConfig config, string file, OnnxFile graph, GenAIGraph names)
    {
        TensorElementType? type = null;
        for (int layer = 0; layer < config.Layers; layer++)
        {
            foreach (string past in new[] { names.PastKeys, names.PastValues })
            {
                OnnxValue value = Find(folder, file, "input", graph.Inputs, GenAIGraph.OfLayer(past, layer));
                if (value.Shape.Count != 4 || (value.Shape[1] ?? config.KeyValueHeads) != config.KeyValueHeads || (value.Shape[3] ?? config.HeadSize) != config.HeadSize)
                {
                    throw new ModelFolderException(folder,
                        $"{file}: input {value.Name} has shape [{string.Join(", ", value.Shape.Select(s => s?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"))}], where {GenAIConfig.FileName} asks for [batch, {config.KeyValueHeads}, capacity, {config.HeadSize}]");
                }
                type ??= value.Type;
                Type(folder, file, value, type.Value);
            }
            Find(folder, file, "output", graph.Outputs, GenAIGraph.OfLayer(names.PresentKeys, layer));
            Find(folder, file, "output", graph.Outputs, GenAIGraph.OfLayer(names.PresentValues, layer));
        }
        return type is TensorElementType.Float or TensorElementType.Float16 or TensorElementType.BFloat16
            ? type.Value
            : throw new ModelFolderException(folder, $"{file} keeps keys and values as {type}; float32, float16 and bfloat16 are run");
    }

    private static void Logits(string folder, GenAIConfig config, string file, OnnxValue logits)
    {
        if (logits.Shape.Count > 0 && logits.Shape[^1] is { } size && size != config.VocabularySize)
            throw new ModelFolderException(folder, $"{file}: output {logits.Name} has {size} logits, where {GenAIConfig.FileName} has vocab_size {config.VocabularySize}");
    }

    private static OnnxValue Find(string folder, string file, string kind, IReadOnlyList<OnnxValue> values, string name) =>
        values.FirstOrDefault(v => v.Name == name) ?? throw new ModelFolderException(folder, $"{file} has no {kind} {name}");

    private static void Type(string folder, string file, OnnxValue value, TensorElementType type)
    {
        if (value.Type != type)
            throw new ModelFolderException(folder, $"{file}: {value.Name} has the type {value.Type}, where {type} is expected");
    }
}
