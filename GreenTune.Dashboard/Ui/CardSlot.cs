namespace GreenTune.Dashboard.Ui;

/// <summary>Where a table's cell goes on a narrow screen, where each row is a card of two columns.</summary>
public enum CardSlot
{
    /// <summary>Left out; the record's own page has it.</summary>
    Hidden,
    Left,
    Right,

    /// <summary>Over both columns.</summary>
    Full,
}
