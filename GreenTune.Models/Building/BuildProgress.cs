namespace GreenTune.Models.Building;

/// <summary>What a build does now.</summary>
public enum BuildStage
{
    /// <summary>Another process builds the same folder.</summary>
    Waiting,

    /// <summary>The source's identity is computed.</summary>
    Hashing,

    /// <summary>A calibration text goes through the model; takes turns with <see cref="Writing"/>, layer by layer.</summary>
    Calibrating,

    /// <summary>Weights are converted and written.</summary>
    Writing,

    /// <summary>The folder is checked and moved into its place.</summary>
    Finishing,

    Done,
}

/// <summary>How far a build is.</summary>
/// <param name="Id">The configuration, for example "greentune-tiny-int4".</param>
/// <param name="Stage">What it does now.</param>
/// <param name="Fraction">Share of the weights that is written, 0 to 1.</param>
public readonly record struct BuildProgress(string Id, BuildStage Stage, double Fraction);
