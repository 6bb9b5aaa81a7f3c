namespace GreenTune.Dashboard.Ui;

/// <summary>How a <see cref="Button"/> looks. One primary button per view.</summary>
public enum ButtonKind
{
    Normal,
    Primary,
    Quiet,
    Danger,
}
