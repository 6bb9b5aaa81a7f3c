using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Pages.Playground;

/// <summary>Sentences of the Playground.</summary>
public static class PlaygroundText
{
    /// <summary>"Predicted for up to 128 tokens: A 2.15 J, B 0.79 J, plus or minus 30 %". Null without predictions.</summary>
    public static string? Predicted(IReadOnlyList<Prediction> predictions, int maxTokens)
    {
        if (predictions.Count == 0 || predictions.Any(p => !(p.Joules.Value > 0)))
        {
            return null;
        }

        var figures = predictions.Count == 1
            ? Figures.Energy(predictions[0].Joules).ToString()
            : string.Join(", ", predictions.Select((p, i) => $"{(char)('A' + i)} {Figures.Energy(p.Joules)}"));
        var widest = predictions.Max(p => Figures.Coverage95 * p.Sigma.Value / p.Joules.Value);
        return $"Predicted for up to {Figures.Count(maxTokens)} tokens: {figures}, plus or minus {Figures.Percent(widest)}";
    }

    /// <summary>How good a configuration is against the reference; null when it was not measured.</summary>
    public static string? Effectiveness(string? configurationId, ThreeEView? threeE)
    {
        var score = threeE?.Ranking.FirstOrDefault(r => r.ConfigurationId == configurationId);
        return score?.Effectiveness is { } effectiveness
            ? $"Effectiveness {Figures.Fixed(effectiveness.Value, 2)} of reference{(score.BelowFloor ? ", below floor" : string.Empty)}"
            : null;
    }

    /// <summary>Two answers in one sentence: which spends less for a token, and whether it is good enough. Null until both have figures.</summary>
    public static string? Comparison(Answer a, Answer b, ThreeEView? threeE)
    {
        if (a.JoulesPerToken is not { } perA || b.JoulesPerToken is not { } perB || !(perA > 0) || !(perB > 0))
        {
            return null;
        }

        if (a.ConfigurationId == b.ConfigurationId)
        {
            return $"Both were answered by {NameOf(a)}.";
        }

        var (less, more, letter) = perA <= perB ? (a, b, "A") : (b, a, "B");
        var (low, high) = (Math.Min(perA, perB), Math.Max(perA, perB));
        var scale = UnitScale.For(high, Unit.Joule);
        var saved = 1 - (low / high);
        if (saved < 0.01)
        {
            return $"Both spend the same per token, {scale.Figure(high)}.";
        }

        var floor = Below(less, threeE) ? $", but scores below the floor of {Figures.Significant(threeE!.Settings.Floor)}" : string.Empty;
        var waiting = (a.State, b.State) switch
        {
            (AnswerState.Settled, AnswerState.Settled) => string.Empty,
            (AnswerState.Settled, _) => " B's figure is the model's prediction until its measurement block closes.",
            (_, AnswerState.Settled) => " A's figure is the model's prediction until its measurement block closes.",
            _ => " Both figures are predictions until their measurement blocks close.",
        };
        return $"{letter} spends {Figures.Percent(saved)} less per token ({scale.Number(low)} against {scale.Figure(high)}){floor}.{waiting}";
    }

    /// <summary>What a budget did to an answer; null when none did anything.</summary>
    public static string? BudgetNote(Answer answer)
    {
        if (answer.Budget is not { } notice || answer.State == AnswerState.Refused)
        {
            return null;
        }

        var used = notice.Used is { } share ? $" ({Figures.Percent(share)} used)" : string.Empty;
        var from = notice.From is { } wanted ? $" {ConfigurationName.Parse(wanted).Label} would have answered." : string.Empty;
        return notice.Action switch
        {
            BudgetAction.Notify => $"The budget {notice.Budget} passed its notify limit{used}.",
            BudgetAction.Degrade => $"The budget {notice.Budget} degraded this answer{used}.{from}",
            _ => $"The budget {notice.Budget} is used up{used}.",
        };
    }

    /// <summary>"Try again at 00:00" or "in 20 s"; null when the service did not say.</summary>
    public static string? RetryAt(Answer answer, DateTimeOffset now, LocalTimes times) => answer.RetryAfter switch
    {
        null => null,
        { TotalSeconds: < 120 } soon => $"Try again in {Math.Max(1, Math.Ceiling(soon.TotalSeconds)):0}{Typography.NoBreakSpace}s.",
        { } later when times.In(now + later).Date == times.In(now).Date => $"Try again at {times.HourMinute(now + later)}.",
        { } later => $"Try again on {times.Day(now + later)} at {times.HourMinute(now + later)}.",
    };

    /// <summary>"Session total 1.64 J, 0.243 mg, 3 answers".</summary>
    public static string Total(ConversationTotal total)
    {
        var answers = $"{total.Answers} {(total.Answers == 1 ? "answer" : "answers")}";
        return total.Joules > 0
            ? $"Session total {Figures.Of(total.Joules, Unit.Joule)}, {Figures.Of(total.Grams, Unit.Gram)}, {answers}"
            : $"Session: {answers}";
    }

    private static bool Below(Answer answer, ThreeEView? threeE) => threeE?.Ranking.FirstOrDefault(r => r.ConfigurationId == answer.ConfigurationId)?.BelowFloor == true;

    private static string NameOf(Answer answer) => answer.ConfigurationId is { } id ? ConfigurationName.Parse(id).Label : answer.Asked;
}
