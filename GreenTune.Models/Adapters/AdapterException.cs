namespace GreenTune.Models.Adapters;

/// <summary>An adapter cannot be used. The message names the file and the tensor at fault.</summary>
public sealed class AdapterException(string adapter, string problem, Exception? innerException = null) : Exception($"{adapter} {problem}.", innerException)
{
    /// <summary>Name of the adapter's file, without its folder.</summary>
    public string Adapter { get; } = adapter;
}
