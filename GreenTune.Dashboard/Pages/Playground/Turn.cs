namespace GreenTune.Dashboard.Pages.Playground;

/// <summary>A question and its answers: one, or two side by side.</summary>
public sealed record Turn(string Prompt, IReadOnlyList<Answer> Answers)
{
    public bool IsSideBySide => Answers.Count > 1;
}
