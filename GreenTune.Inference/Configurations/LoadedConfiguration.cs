using GreenTune.Inference.Chat;
using GreenTune.Inference.Engine;
using GreenTune.Models.Folders;
using GreenTune.Models.Tokenization;

namespace GreenTune.Inference.Configurations;

/// <summary>A configuration that can serve.</summary>
internal sealed record LoadedConfiguration(string Id, IModelRunner Runner, ChatTokenizer Tokenizer, SamplingSettings DefaultSampling, long Parameters, long WeightBytes) : IDisposable
{
    /// <summary>The checkpoint's weights were quantised before it came here.</summary>
    public bool SourceQuantized { get; init; }

    /// <summary>The folder it was loaded from; null where it has none.</summary>
    public ModelFolder? Folder { get; init; }

    /// <summary>A conversation as the model wants it, with the beginning of its own turn.</summary>
    public int[] EncodeChat(IReadOnlyList<ChatTurn> turns) => Tokenizer.EncodeChat([.. turns.Select(turn => new ChatMessage(turn.Role, turn.Content))], addGenerationPrompt: true);

    public void Dispose()
    {
        Runner.Dispose();
        Tokenizer.Dispose();
    }
}
