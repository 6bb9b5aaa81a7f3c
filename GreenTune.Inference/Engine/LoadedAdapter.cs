using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Inference.Engine;

/// <summary>A low-rank adapter in memory, ready to be bound to a graph that has inputs for one. Disposed by who loaded it, when no request runs with it.</summary>
/// <param name="id">Name behind the colon in "base:adapter".</param>
/// <param name="inputs">Values by the graph's input names, on the model's device.</param>
internal sealed class LoadedAdapter(string id, IReadOnlyDictionary<string, OrtValue> inputs) : IDisposable
{
    public string Id { get; } = id;

    public IReadOnlyDictionary<string, OrtValue> Inputs { get; } = inputs;

    public void Dispose()
    {
        foreach (OrtValue value in Inputs.Values)
        {
            value.Dispose();
        }
    }
}
