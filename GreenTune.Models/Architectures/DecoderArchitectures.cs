using System.Text.Json;
using GreenTune.Models.Checkpoints;

namespace GreenTune.Models.Architectures;

/// <summary>The architectures that can be built.</summary>
internal static class DecoderArchitectures
{
    private static readonly IReadOnlyList<IDecoderArchitecture> All =
        [new LlamaArchitecture(), new MistralArchitecture(), new Qwen2Architecture(), new Qwen3Architecture(), new Phi3Architecture()];

    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="contextLength">Positions that the folder shall serve; null for the model's own.</param>
    /// <exception cref="ModelFolderException">The checkpoint's architecture is not one of these, or it does not fit its config.</exception>
    public static DecoderModel Read(Checkpoint checkpoint, int? contextLength = null)
    {
        string name = Name(checkpoint);
        IDecoderArchitecture architecture = All.FirstOrDefault(a => a.Name == name)
            ?? throw checkpoint.Config.Error("architectures", $"is {name}; known are {string.Join(", ", All.Select(a => a.Name))}");
        DecoderModel model = architecture.Read(checkpoint, contextLength);
        if (checkpoint.UnreadTensors.FirstOrDefault(t => !IsRedundant(t, model.Shape)) is { } unread)
            throw new ModelFolderException(checkpoint.Folder, $"tensor {unread} is no part of {name} as it is built here: the model would compute something else without it");
        return model;
    }

    /// <summary>Tables that follow from the config, and the copy of a tied matrix.</summary>
    private static bool IsRedundant(string tensor, DecoderShape shape) =>
        tensor.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal) || (shape.TiedEmbeddings && tensor == "lm_head.weight");

    private static string Name(Checkpoint checkpoint)
    {
        if (checkpoint.Config.Find("architectures") is not { } list)
            throw checkpoint.Config.Error("architectures", "is missing");
        return list.ValueKind == JsonValueKind.Array && list.GetArrayLength() == 1 && list[0].ValueKind == JsonValueKind.String
            ? list[0].GetString()!
            : throw checkpoint.Config.Error("architectures", $"is {ConfigReader.Short(list)}; a list with one name is expected, for example [\"LlamaForCausalLM\"]");
    }
}
