using GreenTune.Models.Checkpoints;

namespace GreenTune.Models.Architectures;

/// <summary>Reads a family of checkpoints: its config fields and tensor names.</summary>
internal interface IDecoderArchitecture
{
    /// <summary>Name in <c>architectures</c> of config.json that this reads.</summary>
    string Name { get; }

    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="contextLength">Positions that the folder shall serve; null for the model's own.</param>
    /// <exception cref="ModelFolderException">A field or tensor is missing, does not fit, or asks for something that is not handled.</exception>
    DecoderModel Read(Checkpoint checkpoint, int? contextLength);
}
