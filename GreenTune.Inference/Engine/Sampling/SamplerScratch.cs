namespace GreenTune.Inference.Engine.Sampling;

/// <summary>Room that a draw works in. One for each thread: samplers keep nothing of a draw, so that a thousand rows need no thousand vocabularies of memory.</summary>
internal sealed class SamplerScratch
{
    [ThreadStatic]
    private static SamplerScratch? s_own;

    private float[] _logits = [];
    private float[] _weights = [];
    private ulong[] _ranked = [];

    /// <summary>This thread's.</summary>
    public static SamplerScratch Own => s_own ??= new SamplerScratch();

    /// <summary>Sums of weights by class, for <see cref="Nucleus"/>.</summary>
    public double[] Masses { get; } = new double[Nucleus.Classes];

    public Span<float> Logits(int count) => Room(ref _logits, count);

    public Span<float> Weights(int count) => Room(ref _weights, count);

    public Span<ulong> Ranked(int count) => Room(ref _ranked, count);

    private static Span<T> Room<T>(ref T[] room, int count)
    {
        if (room.Length < count)
        {
            room = new T[count];
        }

        return room.AsSpan(0, count);
    }
}
