using GreenTune.Models.Checkpoints;

namespace GreenTune.Models.Architectures;

/// <summary>Reads a family of checkpoints: its config fields and tensor names.</summary>
internal interface IDecoderArchitecture
{
    /// <summary>Names in <c>architectures</c> of config.json that this reads.</summary>
    IReadOnlyList<string> Names { get; }

    /// <exception cref="ModelFolderException">A field or tensor is missing, does not fit, or asks for something that is not handled.</exception>
    DecoderModel Read(Checkpoint checkpoint);
}
