using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using GreenTune.Models.Architectures;
using GreenTune.Models.Checkpoints;

namespace GreenTune.Models.Folders;

/// <summary>genai_config.json: what ONNX Runtime GenAI needs to know of a folder.</summary>
internal sealed record GenAIConfig
{
    public const string FileName = "genai_config.json";

    public required string Type { get; init; }

    public required int ContextLength { get; init; }

    public required int VocabularySize { get; init; }

    public required int? BosTokenId { get; init; }

    public required int? PadTokenId { get; init; }

    public required IReadOnlyList<int> StopTokenIds { get; init; }

    public required int Layers { get; init; }

    public required int Heads { get; init; }

    public required int KeyValueHeads { get; init; }

    public required int HeadSize { get; init; }

    public required int HiddenSize { get; init; }

    public required GenAIGraph Graph { get; init; }

    public required SamplingDefaults Sampling { get; init; }

    public static GenAIConfig Read(string folder)
    {
        using ConfigReader file = ConfigReader.Open(folder, FileName);
        ConfigReader model = file.Section("model");
        ConfigReader decoder = model.Section("decoder");
        if (decoder.Find("pipeline") is not null)
            throw decoder.Error("pipeline", "is there; models of one graph are run");
        int hidden = decoder.Integer("hidden_size");
        int heads = decoder.Integer("num_attention_heads");
        IReadOnlyList<int> stops = model.TokenIds("eos_token_id");
        if (stops.Count == 0)
            throw model.Error("eos_token_id", "is missing");
        return new GenAIConfig
        {
            Type = model.OptionalText("type") ?? throw model.Error("type", "is missing"),
            ContextLength = model.Integer("context_length"),
            VocabularySize = model.Integer("vocab_size"),
            BosTokenId = model.OptionalInteger("bos_token_id", 0),
            PadTokenId = model.OptionalInteger("pad_token_id", 0),
            StopTokenIds = stops,
            Layers = decoder.Integer("num_hidden_layers"),
            Heads = heads,
            KeyValueHeads = decoder.OptionalInteger("num_key_value_heads") ?? heads,
            HeadSize = decoder.OptionalInteger("head_size") ?? hidden / heads,
            HiddenSize = hidden,
            Graph = GenAIGraph.Read(decoder),
            Sampling = SamplingDefaults.Read(file.OptionalSection("search")),
        };
    }

    /// <summary>Writes the file for a folder of ours.</summary>
    public static void Write(string folder, DecoderModel model, StopTokens tokens, string graphFile)
    {
        DecoderShape shape = model.Shape;
        var names = GenAIGraph.Ours(graphFile);
        var modelSection = new JsonObject { ["type"] = model.GenAIType, ["context_length"] = shape.ContextLength, ["vocab_size"] = shape.VocabularySize };
        if (tokens.Bos is { } bos)
            modelSection["bos_token_id"] = bos;
        modelSection["eos_token_id"] = tokens.Stops.Count == 1 ? tokens.Stops[0] : new JsonArray([.. tokens.Stops.Select(t => (JsonNode)t)]);
        // GenAI asks for one; a token that is never looked at serves where a model has none.
        modelSection["pad_token_id"] = tokens.Pad ?? tokens.Stops[0];
        modelSection["decoder"] = new JsonObject
        {
            ["session_options"] = new JsonObject { ["log_id"] = "greentune", ["provider_options"] = new JsonArray() },
            ["filename"] = names.File,
            ["head_size"] = shape.HeadSize,
            ["hidden_size"] = shape.HiddenSize,
            ["num_attention_heads"] = shape.Heads,
            ["num_hidden_layers"] = shape.Layers,
            ["num_key_value_heads"] = shape.KeyValueHeads,
            ["inputs"] = new JsonObject
            {
                ["input_ids"] = names.InputIds,
                ["attention_mask"] = names.AttentionMask,
                ["past_key_names"] = names.PastKeys,
                ["past_value_names"] = names.PastValues,
            },
            ["outputs"] = new JsonObject { ["logits"] = names.Logits, ["present_key_names"] = names.PresentKeys, ["present_value_names"] = names.PresentValues },
        };
        var config = new JsonObject { ["model"] = modelSection, ["search"] = tokens.Sampling.ToJson(shape.ContextLength) };
        File.WriteAllText(Path.Combine(folder, FileName), config.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }
}

/// <summary>Special tokens and sampling of a checkpoint: generation_config.json where it says so, config.json otherwise.</summary>
internal sealed record StopTokens(int? Bos, int? Pad, IReadOnlyList<int> Stops, SamplingDefaults Sampling)
{
    public static StopTokens Read(Checkpoint checkpoint, int vocabularySize)
    {
        ConfigReader config = checkpoint.Config;
        ConfigReader? generation = checkpoint.GenerationConfig;
        IReadOnlyList<int> stops = generation?.TokenIds("eos_token_id") is { Count: > 0 } said ? said : config.TokenIds("eos_token_id");
        if (stops.Count == 0)
            throw config.Error("eos_token_id", "is missing: without it no answer would end");
        int? bos = generation?.OptionalInteger("bos_token_id", 0) ?? config.OptionalInteger("bos_token_id", 0);
        int? pad = generation?.OptionalInteger("pad_token_id", 0) ?? config.OptionalInteger("pad_token_id", 0);
        foreach (int id in stops.Append(bos ?? 0).Append(pad ?? 0))
        {
            if (id >= vocabularySize)
                throw config.Error("eos_token_id, bos_token_id or pad_token_id", $"is {id}, where the vocabulary has {vocabularySize.ToString(CultureInfo.InvariantCulture)} tokens");
        }
        return new StopTokens(bos, pad, stops, SamplingDefaults.Read(generation));
    }
}
