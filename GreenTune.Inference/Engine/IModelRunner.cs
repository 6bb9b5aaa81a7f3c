using GreenTune.Core.Attribution;

namespace GreenTune.Inference.Engine;

/// <summary>A loaded configuration as the engine runs it. What anyone may read; the steps themselves belong to the engine's owner thread.</summary>
internal interface IModelRunner : IDisposable
{
    string ConfigurationId { get; }

    /// <summary>Tokens that fit into one row's KV cache, prompt and answer together.</summary>
    int ContextLength { get; }

    int VocabularySize { get; }

    /// <summary>Cost model of its steps.</summary>
    WorkModel Work { get; }

    bool IsStop(int token);
}
