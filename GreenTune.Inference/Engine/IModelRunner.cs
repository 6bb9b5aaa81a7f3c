using GreenTune.Core.Attribution;
using GreenTune.Inference.Engine.Running;

namespace GreenTune.Inference.Engine;

/// <summary>
/// A loaded configuration as the engine runs it: its rows stand in slots of KV memory. What it is may be read by anyone; its steps belong to the engine's
/// owner thread.
/// </summary>
internal interface IModelRunner : IDisposable
{
    string ConfigurationId { get; }

    /// <summary>Tokens that fit into one row's KV cache, prompt and answer together.</summary>
    int ContextLength { get; }

    int VocabularySize { get; }

    /// <summary>Cost model of its steps.</summary>
    WorkModel Work { get; }

    bool IsStop(int token);

    /// <summary>KV memory by capacity, shortest first; the last class holds a row of the whole context.</summary>
    IReadOnlyList<KvClass> Classes { get; }

    /// <summary>Most rows of one decode step.</summary>
    int MaxBatch { get; }

    /// <summary>Most prompts of one prefill step; 1 where several gain nothing.</summary>
    int MaxPrefillRows { get; }

    /// <summary>Most tokens of one prefill step of several prompts.</summary>
    int MaxPrefillTokens { get; }

    /// <summary>Runs prompt tokens behind what a row has in its slot, or the first tokens of several rows in neighbouring slots.</summary>
    /// <param name="first">Where the first row stands; all have its adapter.</param>
    /// <param name="rows">How many; more than one only without a past, and at most <see cref="MaxPrefillRows"/>.</param>
    /// <param name="tokens">As many of each row, row by row; at least one.</param>
    /// <param name="past">Tokens of the row in the KV memory before.</param>
    /// <param name="wantLogits">Whether <see cref="Logits"/> is needed.</param>
    /// <param name="next">Receives the most likely token behind the last one, by row.</param>
    void Prefill(RowPlace first, int rows, ReadOnlySpan<int> tokens, int past, bool wantLogits, Span<int> next);

    /// <summary>Runs one token of each of several rows in neighbouring slots.</summary>
    /// <param name="first">Where the first one stands; all have its adapter.</param>
    /// <param name="tokens">The token chosen last, by row.</param>
    /// <param name="past">Tokens in the KV memory before, by slot from the first row's on; at least as many as rows. Behind the rows it tells what other slots hold, which a padded batch must leave alone.</param>
    /// <param name="wantLogits">Whether <see cref="Logits"/> is needed.</param>
    /// <param name="next">Receives the most likely next token, by row.</param>
    void Decode(RowPlace first, ReadOnlySpan<int> tokens, ReadOnlySpan<int> past, bool wantLogits, Span<int> next);

    /// <summary>Logits of a row of the last step that wanted them, [vocabulary]. Valid until the next call of any member.</summary>
    ReadOnlySpan<float> Logits(int row);

    /// <summary>Copies the first tokens of a row to another slot.</summary>
    void CopyRow(RowPlace from, RowPlace to, int tokens);

    /// <summary>Keeps a copy of a stretch of a row's keys and values.</summary>
    KvStretch SaveStretch(RowPlace row, int at, int tokens);

    /// <summary>Puts the first tokens of a kept stretch into a row.</summary>
    void RestoreStretch(KvStretch stretch, RowPlace row, int at, int tokens);

    void DropStretch(KvStretch stretch);
}

/// <summary>Where a row stands.</summary>
/// <param name="Class">Index into <see cref="IModelRunner.Classes"/>.</param>
/// <param name="Slot">Slot within the class.</param>
/// <param name="Adapter">Adapter it runs with; null for none.</param>
internal readonly record struct RowPlace(int Class, int Slot, LoadedAdapter? Adapter);
