using System.Text.Json;
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
    /// <param name="messages">Turns, oldest first.</param>
    /// <param name="tools">Tools that the model may call, a JSON array as in OpenAI's API; null for none.</param>
    /// <exception cref="TokenizerException">There is no template, or it refuses the conversation.</exception>
    public int[] EncodeChat(IReadOnlyList<ChatMessage> messages, JsonElement? tools = null) => Tokenizer.EncodeChat(messages, addGenerationPrompt: true, tools);

    public void Dispose()
    {
        Runner.Dispose();
        Tokenizer.Dispose();
    }
}
