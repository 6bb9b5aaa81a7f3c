namespace GreenTune.Dashboard.Ui;

/// <summary>The icons that <see cref="Icon"/> draws.</summary>
public enum IconName
{
    Overview,
    Requests,
    Playground,
    Compare,
    Budgets,
    Models,
    Carbon,
    Keys,
    Webhooks,
    Locked,
    Search,
    Menu,
    Theme,
    Close,
    More,
    Down,
    Left,
    Right,
    Clock,
    Warning,
    Check,
    Plus,
    Copy,
}
