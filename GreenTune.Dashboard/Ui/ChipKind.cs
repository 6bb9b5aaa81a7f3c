namespace GreenTune.Dashboard.Ui;

/// <summary>What a <see cref="StateChip"/> stands for; each has a colour of its own and is always named by its text.</summary>
public enum ChipKind
{
    /// <summary>Within limits.</summary>
    Ok,
    Notify,
    Degrade,
    Block,
    Info,

    /// <summary>Paused, cancelled, greyed.</summary>
    Off,
}
