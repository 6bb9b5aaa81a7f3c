namespace GreenTune.Models.Checkpoints;

/// <summary>A tensor of a mapped checkpoint: read in runs, converted to float32 on the way. Valid until its checkpoint is disposed. Safe for concurrent reading.</summary>
internal abstract class CheckpointTensor(string name, string typeName, long[] shape)
{
    /// <summary>Name as Hugging Face checkpoints have it, for example "model.layers.0.mlp.up_proj.weight".</summary>
    public string Name => name;

    /// <summary>Type as the file names it, for example "F16".</summary>
    public string TypeName => typeName;

    /// <summary>Sizes as Hugging Face checkpoints have them: [outputs, inputs] for matrices.</summary>
    public IReadOnlyList<long> Shape => shape;

    public abstract string FileName { get; }

    /// <summary>Copies <paramref name="destination"/>.Length elements from row-major position <paramref name="start"/>.</summary>
    /// <exception cref="ModelFolderException">The tensor's type is not one that is read.</exception>
    public abstract void Read(long start, Span<float> destination);

    /// <summary>Says that the tensor is not needed soon; it can be read again.</summary>
    public abstract void Release();

    public abstract ModelFolderException Error(string what);
}
