using GreenTune.Core.Contracts;
using GreenTune.Core.Scoring;

namespace GreenTune.Core.Tests.Scoring;

public sealed class AutoChooserTests
{
    private static readonly ReferenceEvaluation Evaluation = PlanEvaluation.Of(Plans.Six()).Against(null);

    private static AutoChoice Choose(ThreeESettings settings) =>
        AutoChooser.Of(settings, Evaluation.Reference, Evaluation.Rank(settings.Weights, settings.Floor));

    [Fact]
    public void The_best_score_at_or_above_the_floor_is_served_and_explained()
    {
        AutoChoice choice = Choose(ThreeESettings.Default);
        Assert.Equal("tiny-int4", choice.ConfigurationId);
        Assert.Equal(["tiny-int4", "nano-fp32", "tiny-int8", "tiny-fp32"], choice.Candidates);
        Assert.False(choice.Pinned);
        Assert.Matches(@"^Highest ThreeE score at or above the floor: 2\.0\d, next is nano-fp32 at 2\.0\d\.$", choice.Because[0]);
        Assert.Matches(@"^Intervals overlap: first in \d+ % of 2\u202F000 bootstrap runs\.$", choice.Because[1]);
        Assert.Equal("nano-int4 uses 73 % less energy, but its effectiveness 0.917 is below the floor 0.95.", choice.Because[2]);
        Assert.Equal(3, choice.Because.Count);
    }

    [Fact]
    public void A_clear_winner_does_not_speak_of_overlap()
    {
        AutoChoice choice = Choose(ThreeESettings.Default with { Floor = 0 });
        Assert.Equal("nano-int4", choice.ConfigurationId);
        Assert.StartsWith("First in 100 % of", choice.Because[1]);
    }

    [Fact]
    public void A_pin_beats_the_scores_and_names_what_they_would_have_chosen()
    {
        AutoChoice choice = Choose(ThreeESettings.Default with { Pinned = "nano-int4" });
        Assert.Equal("nano-int4", choice.ConfigurationId);
        Assert.True(choice.Pinned);
        Assert.Equal("nano-int4", choice.Candidates[0]);
        Assert.Equal("tiny-int4", choice.Candidates[1]);
        Assert.Contains("Pinned", choice.Because[0]);
        Assert.Contains("tiny-int4", choice.Because[1]);
        Assert.Contains("below the floor 0.95", choice.Because[2]);
    }

    [Fact]
    public void Before_anything_was_measured_the_default_answers()
    {
        AutoChoice choice = AutoChooser.WithoutPlan(ThreeESettings.Default);
        Assert.Null(choice.ConfigurationId);
        Assert.Empty(choice.Candidates);
        Assert.Contains("Measure the configurations", choice.Because[0]);
        Assert.Equal("x", AutoChooser.WithoutPlan(ThreeESettings.Default with { Pinned = "x" }).ConfigurationId);
    }

    [Fact]
    public void A_reference_that_was_not_measured_is_said_to_be_replaced()
    {
        AutoChoice choice = Choose(ThreeESettings.Default with { Reference = "big-fp16" });
        Assert.Contains(choice.Because, sentence => sentence.Contains("big-fp16 was not measured", StringComparison.Ordinal));
    }

    [Fact]
    public void One_configuration_alone_has_no_next()
    {
        ReferenceEvaluation alone = PlanEvaluation.Of(Plans.Of(Plans.Measured("only", 1, 1, 1, 1))).Against(null);
        AutoChoice choice = AutoChooser.Of(ThreeESettings.Default, "only", alone.Rank(ThreeEWeights.Equal, 0.95));
        Assert.Equal("only", choice.ConfigurationId);
        Assert.Contains("only configuration", choice.Because[0]);
    }

    [Fact]
    public void Without_any_score_the_default_answers_and_the_reasons_are_listed()
    {
        MeasurementPlan plan = Plans.Six();
        plan = plan with { Configurations = [.. plan.Configurations.Select(configuration => configuration with { OfferedLoadSeconds = [] })] };
        ReferenceEvaluation evaluation = PlanEvaluation.Of(plan).Against(null);
        AutoChoice choice = AutoChooser.Of(ThreeESettings.Default, evaluation.Reference, evaluation.Rank(ThreeEWeights.Equal, 0.95));
        Assert.Null(choice.ConfigurationId);
        Assert.Contains("default configuration", choice.Because[0]);
        Assert.Equal(7, choice.Because.Count);
    }
}
