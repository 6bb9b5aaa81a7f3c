using System.Globalization;
using GreenTune.Models.Checkpoints;

namespace GreenTune.Models.Folders;

/// <summary>The graph that ONNX Runtime GenAI runs, and the names of its inputs and outputs. Names of layers hold "%d" where the layer's number goes.</summary>
public sealed record GenAIGraph
{
    public required string File { get; init; }

    public required string InputIds { get; init; }

    public required string AttentionMask { get; init; }

    /// <summary>Null where the graph takes none.</summary>
    public string? PositionIds { get; init; }

    public required string PastKeys { get; init; }

    public required string PastValues { get; init; }

    public required string Logits { get; init; }

    public required string PresentKeys { get; init; }

    public required string PresentValues { get; init; }

    /// <summary>A layer's name, for example "past_key_values.3.key".</summary>
    public static string OfLayer(string pattern, int layer) => pattern.Replace("%d", layer.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    internal static GenAIGraph Ours(string file) => new()
    {
        File = file,
        InputIds = "input_ids",
        AttentionMask = "attention_mask",
        PastKeys = "past_key_values.%d.key",
        PastValues = "past_key_values.%d.value",
        Logits = "logits",
        PresentKeys = "present.%d.key",
        PresentValues = "present.%d.value",
    };

    internal static GenAIGraph Read(ConfigReader decoder)
    {
        ConfigReader? inputs = decoder.OptionalSection("inputs");
        ConfigReader? outputs = decoder.OptionalSection("outputs");
        GenAIGraph usual = Ours("model.onnx");
        return usual with
        {
            File = decoder.OptionalText("filename") ?? throw decoder.Error("filename", "is missing"),
            InputIds = inputs?.OptionalText("input_ids") ?? usual.InputIds,
            AttentionMask = inputs?.OptionalText("attention_mask") ?? usual.AttentionMask,
            PositionIds = inputs?.OptionalText("position_ids"),
            PastKeys = Pattern(inputs, "past_key_names", usual.PastKeys),
            PastValues = Pattern(inputs, "past_value_names", usual.PastValues),
            Logits = outputs?.OptionalText("logits") ?? usual.Logits,
            PresentKeys = Pattern(outputs, "present_key_names", usual.PresentKeys),
            PresentValues = Pattern(outputs, "present_value_names", usual.PresentValues),
        };
    }

    private static string Pattern(ConfigReader? section, string field, string usual)
    {
        string? pattern = section?.OptionalText(field);
        if (pattern is not null && !pattern.Contains("%d", StringComparison.Ordinal))
            throw section!.Error(field, $"is '{pattern}'; a name with %d for the layer is expected, for example {usual}");
        return pattern ?? usual;
    }
}
