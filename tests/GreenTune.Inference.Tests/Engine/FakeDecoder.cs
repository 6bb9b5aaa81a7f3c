using GreenTune.Core.Attribution;
using GreenTune.Inference.Engine;

namespace GreenTune.Inference.Tests.Engine;

/// <summary>A model that counts: the answer to a prompt is its length, then each number after the last, until a stop token if there is one.</summary>
internal sealed class FakeDecoder(int contextLength = 64, int? stop = null) : IDecoder
{
    private readonly float[] _logits = new float[1000];

    /// <summary>Runs inside every step, with the number of the step within its generation.</summary>
    public Action<int>? InStep { get; set; }

    public string ConfigurationId => "fake-fp32";

    public int ContextLength => contextLength;

    public int VocabularySize => _logits.Length;

    public WorkModel Work { get; } = new("fake-fp32", 1000, 10, 4000, 16);

    public ReadOnlySpan<float> Logits => _logits;

    private int _step;

    public bool IsStop(int token) => token == stop;

    public void Dispose()
    {
    }

    public int Prefill(ReadOnlySpan<int> prompt, bool wantLogits)
    {
        _step = 0;
        return Next(prompt.Length);
    }

    public int Decode(int token, bool wantLogits) => Next(token + 1);

    private int Next(int token)
    {
        InStep?.Invoke(_step++);
        Array.Fill(_logits, -100);
        _logits[token] = 5;
        return token;
    }
}
