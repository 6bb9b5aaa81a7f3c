using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Contracts;
using GreenTune.Core.Scoring;
using GreenTune.Core.Units;
using Interval = GreenTune.Core.Contracts.Interval;

namespace GreenTune.Core.Tests.Scoring;

public sealed class PlanEvaluationTests
{
    private static readonly PlanEvaluation Six = PlanEvaluation.Of(Plans.Six());

    private static ThreeEScore Score(IReadOnlyList<ThreeEScore> ranking, string id) => ranking.Single(score => score.ConfigurationId == id);

    [Fact]
    public void Axes_and_scores_come_out_as_by_hand()
    {
        IReadOnlyList<ThreeEScore> ranking = Six.Against(null).Rank(ThreeEWeights.Equal, 0.95);
        ThreeEScore tiny = Score(ranking, "tiny-int4");
        double energy = 0.0495 / 0.0166;
        double efficiency = Math.Sqrt(1020.0 / 340 * (0.50 / 0.18));
        double effectiveness = 286.0 / 290;
        Assert.Equal(energy, tiny.Energy!.Value, 9);
        Assert.Equal(efficiency, tiny.Efficiency!.Value, 9);
        Assert.Equal(effectiveness, tiny.Effectiveness!.Value, 9);
        Assert.Equal(Math.Cbrt(energy * efficiency * effectiveness), tiny.Score!.Value, 9);
        Assert.Equal(0.0166, tiny.JoulesPerToken!.Value, 9);
        Assert.Equal(0.0166 * 40 / (286.0 / 300), tiny.JoulesPerCorrectItem!.Value, 9);
        Assert.Equal(1020, tiny.TokensPerSecond!.Value, 6);
        Assert.Equal(0.18, tiny.P95Seconds!.Value, 9);
        Assert.Equal(286.0 / 300, tiny.TaskScore!.Value, 9);
        Assert.Equal(EnergyQuality.Estimated, tiny.Quality);
        Assert.Null(tiny.Reason);
        Assert.True(tiny.Score.Low < tiny.Score.Value && tiny.Score.Value < tiny.Score.High);
    }

    [Fact]
    public void The_reference_is_one_without_doubt()
    {
        ThreeEScore reference = Score(Six.Against(null).Rank(ThreeEWeights.Equal, 0.95), "tiny-fp32");
        Assert.True(reference.IsReference);
        foreach (Interval axis in (Interval[])[reference.Score!, reference.Energy!, reference.Efficiency!, reference.Effectiveness!])
        {
            Assert.Equal(1, axis.Value, 12);
            Assert.Equal(1, axis.Low, 12);
            Assert.Equal(1, axis.High, 12);
        }
    }

    [Fact]
    public void Below_the_floor_there_is_a_score_but_no_rank_and_it_stands_after_the_ranked()
    {
        IReadOnlyList<ThreeEScore> ranking = Six.Against(null).Rank(ThreeEWeights.Equal, 0.95);
        Assert.Equal(["tiny-int4", "nano-fp32", "tiny-int8", "tiny-fp32", "nano-int4", "nano-int8"], ranking.Select(score => score.ConfigurationId));
        Assert.Equal([1, 2, 3, 4, null, null], ranking.Select(score => score.Rank));
        ThreeEScore below = ranking[4];
        Assert.True(below.BelowFloor);
        Assert.True(below.Score!.Value > ranking[0].Score!.Value);
        Assert.Null(below.FirstShare);
        Assert.Equal(1, ranking.Sum(score => score.FirstShare ?? 0), 9);
    }

    [Fact]
    public void Everything_is_the_same_on_every_run()
    {
        IReadOnlyList<ThreeEScore> again = PlanEvaluation.Of(Plans.Six()).Against(null).Rank(ThreeEWeights.Equal, 0.95);
        Assert.Equal(Six.Against(null).Rank(ThreeEWeights.Equal, 0.95), again);
    }

    [Fact]
    public void A_score_does_not_depend_on_which_others_are_in_the_plan()
    {
        MeasurementPlan whole = Plans.Six();
        MeasurementPlan part = whole with { Configurations = [whole.Configurations[2], whole.Configurations[0]] };
        ThreeEScore among = Score(Six.Against(null).Rank(ThreeEWeights.Equal, 0.95), "tiny-int4");
        ThreeEScore alone = Score(PlanEvaluation.Of(part).Against(null).Rank(ThreeEWeights.Equal, 0.95), "tiny-int4");
        Assert.Equal(among.Score, alone.Score);
        Assert.Equal(among.Energy, alone.Energy);
    }

    [Fact]
    public void Nor_for_any_choice_of_others()
    {
        MeasurementPlan whole = Plans.Six();
        IReadOnlyList<ThreeEScore> all = Six.Against(null).Rank(ThreeEWeights.Equal, 0.95);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(12), Prop.ForAll(Gen.Choose(0, 31).ToArbitrary(), others =>
        {
            // The reference has to stay; each bit keeps one of the other five.
            MeasurementPlan part = whole with { Configurations = [.. whole.Configurations.Where((_, i) => i == 0 || (others >> (i - 1) & 1) == 1)] };
            return PlanEvaluation.Of(part).Against(null).Rank(ThreeEWeights.Equal, 0.95).All(score =>
                Score(all, score.ConfigurationId) is var same && same.Score == score.Score && same.Efficiency == score.Efficiency && same.BelowFloor == score.BelowFloor);
        }));
    }

    [Fact]
    public void Units_of_energy_and_time_cancel()
    {
        MeasurementPlan plan = Plans.Six();
        MeasurementPlan scaled = plan with
        {
            Configurations = [.. plan.Configurations.Select(configuration => configuration with
            {
                ClosedLoop = [.. configuration.ClosedLoop.Select(sample => sample with { Joules = sample.Joules!.Value * 1000, Seconds = sample.Seconds * 60 })],
                OfferedLoadSeconds = [.. configuration.OfferedLoadSeconds.Select(seconds => seconds * 60)],
            })],
        };
        IReadOnlyList<ThreeEScore> ranking = PlanEvaluation.Of(scaled).Against(null).Rank(ThreeEWeights.Equal, 0.95);
        foreach (ThreeEScore score in Six.Against(null).Rank(ThreeEWeights.Equal, 0.95))
        {
            ThreeEScore other = Score(ranking, score.ConfigurationId);
            Assert.Equal(score.Score!.Value, other.Score!.Value, 9);
            Assert.Equal(score.Score.Low, other.Score.Low, 9);
            Assert.Equal(score.Rank, other.Rank);
        }
    }

    [Fact]
    public void Paired_draws_make_the_ratio_of_like_scatter_sharp()
    {
        // Both configurations cost more on the same items, so their ratio hardly moves, while each one's own figure does.
        var plan = Plans.Of(Plans.Measured("a", 0.05, 100, 1, 1, scatter: 0.5), Plans.Measured("b", 0.025, 100, 1, 1, scatter: 0.5));
        ThreeEScore b = Score(PlanEvaluation.Of(plan).Against(null).Rank(ThreeEWeights.Equal, 0), "b");
        Assert.Equal(2, b.Energy!.Value, 9);
        Assert.InRange(b.Energy.High - b.Energy.Low, 0, 1e-9);
        Assert.True(b.JoulesPerToken!.High - b.JoulesPerToken.Low > 0.1 * b.JoulesPerToken.Value);
    }

    [Fact]
    public void The_interval_covers_the_truth_about_as_often_as_it_says()
    {
        // 60 plans of 60 items from a known distribution: a 95 % percentile interval holds the true mean in most of them.
        var random = new Random(7);
        int held = 0;
        for (int trial = 0; trial < 60; trial++)
        {
            ConfigurationMeasurement reference = Plans.Measured("a", 1, 100, 1, 1, scatter: 0);
            ConfigurationMeasurement own = reference with
            {
                ConfigurationId = "b",
                ClosedLoop = [.. reference.ClosedLoop.Select(sample => sample with { Joules = new Joules(40 * (0.5 + random.NextDouble())) })],
            };
            Interval energy = Score(PlanEvaluation.Of(Plans.Of(reference, own)).Against(null).Rank(new(1, 0, 0), 0), "b").JoulesPerToken!;
            held += energy.Low <= 1 && energy.High >= 1 ? 1 : 0;
        }

        Assert.InRange(held, 52, 60);
    }

    [Fact]
    public void Where_lengths_differ_energy_counts_per_correct_item()
    {
        ConfigurationMeasurement reference = Plans.Measured("a", 0.05, 100, 1, 0.9, tokens: 40, right: i => i % 10 != 0);
        ConfigurationMeasurement chatty = Plans.Measured("b", 0.05, 100, 1, 0.9, tokens: 80, right: i => i % 2 == 0);
        PlanEvaluation plan = PlanEvaluation.Of(Plans.Of(reference, chatty));
        Assert.True(plan.PerCorrectItem);
        Assert.Contains("100 %", plan.EnergyBasis);
        Assert.StartsWith("Joules per correct item", plan.EnergyBasis);
        ThreeEScore b = Score(plan.Against(null).Rank(ThreeEWeights.Equal, 0), "b");
        // Twice the joules per item, and 30 right answers of 60 instead of 54.
        Assert.Equal(30.0 / 54 / 2, b.Energy!.Value, 9);
        Assert.Equal(0.05, b.JoulesPerToken!.Value, 9);
        Assert.False(Six.PerCorrectItem);
        Assert.StartsWith("Joules per output token", Six.EnergyBasis);
    }

    [Fact]
    public void Lengths_within_five_percent_stay_with_tokens()
    {
        Assert.False(PlanEvaluation.Of(Plans.Of(Plans.Measured("a", 1, 1, 1, 1, tokens: 100), Plans.Measured("b", 1, 1, 1, 1, tokens: 105))).PerCorrectItem);
        Assert.True(PlanEvaluation.Of(Plans.Of(Plans.Measured("a", 1, 1, 1, 1, tokens: 100), Plans.Measured("b", 1, 1, 1, 1, tokens: 106))).PerCorrectItem);
    }

    [Fact]
    public void Without_the_offered_load_the_efficiency_axis_is_missing_and_the_score_with_it()
    {
        MeasurementPlan plan = Plans.Six();
        plan = plan with { OfferedRequestsPerSecond = null, Configurations = [.. plan.Configurations.Select(configuration => configuration with { OfferedLoadSeconds = [] })] };
        PlanEvaluation evaluation = PlanEvaluation.Of(plan);
        ThreeEScore score = Score(evaluation.Against(null).Rank(ThreeEWeights.Equal, 0.95), "tiny-int4");
        Assert.Null(score.Score);
        Assert.Null(score.Efficiency);
        Assert.Null(score.P95Seconds);
        Assert.NotNull(score.Energy);
        Assert.Contains("equal offered load did not run", score.Reason);
        Assert.Equal(1, Score(evaluation.Against(null).Rank(new ThreeEWeights(0.7, 0, 0.3), 0.95), "tiny-int4").Rank);
    }

    [Fact]
    public void A_rejected_configuration_has_no_score_and_says_why()
    {
        MeasurementPlan plan = Plans.Six();
        plan = plan with { Configurations = [.. plan.Configurations.Select((configuration, i) => i == 2 ? configuration with { Rejected = "2 of 60 requests failed" } : configuration)] };
        IReadOnlyList<ThreeEScore> ranking = PlanEvaluation.Of(plan).Against(null).Rank(ThreeEWeights.Equal, 0.95);
        ThreeEScore rejected = ranking[^1];
        Assert.Equal("tiny-int4", rejected.ConfigurationId);
        Assert.Null(rejected.Score);
        Assert.Null(rejected.Rank);
        Assert.Contains("2 of 60 requests failed", rejected.Reason);
        Assert.Equal("nano-fp32", ranking[0].ConfigurationId);
    }

    [Fact]
    public void When_the_reference_was_rejected_nobody_has_a_score()
    {
        MeasurementPlan plan = Plans.Six();
        plan = plan with { Configurations = [.. plan.Configurations.Select((configuration, i) => i == 0 ? configuration with { Rejected = "power near idle" } : configuration)] };
        IReadOnlyList<ThreeEScore> ranking = PlanEvaluation.Of(plan).Against(null).Rank(ThreeEWeights.Equal, 0.95);
        Assert.All(ranking, score => Assert.Null(score.Score));
        Assert.Contains("power near idle", Score(ranking, "tiny-int4").Reason);
    }

    [Fact]
    public void Answers_that_were_not_metered_take_the_energy_axis_away()
    {
        MeasurementPlan plan = Plans.Six();
        ConfigurationMeasurement tiny = plan.Configurations[2];
        plan = plan with { Configurations = [plan.Configurations[0], tiny with { ClosedLoop = [.. tiny.ClosedLoop.Select((sample, i) => i < 3 ? sample with { Joules = null } : sample)] }] };
        ThreeEScore score = Score(PlanEvaluation.Of(plan).Against(null).Rank(ThreeEWeights.Equal, 0), "tiny-int4");
        Assert.Null(score.Energy);
        Assert.Null(score.JoulesPerToken);
        Assert.Equal(EnergyQuality.None, score.Quality);
        Assert.Contains("3 of its 60 answers were not metered", score.Reason);
    }

    [Fact]
    public void A_configuration_from_quantised_weights_is_no_reference()
    {
        PlanEvaluation plan = PlanEvaluation.Of(Plans.Of(Plans.Measured("a", 0.05, 100, 1, 0.9), Plans.Measured("b", 0.025, 100, 1, 0.9) with { SourceQuantized = true }));
        Assert.Null(plan.WhyNotReference("a"));
        Assert.Contains("quantised already", plan.WhyNotReference("b"), StringComparison.Ordinal);
        Assert.Equal("was not measured", plan.WhyNotReference("c"));
        Assert.Equal("a", plan.Against("b").Reference);
    }

    [Fact]
    public void Another_reference_changes_the_axes_and_an_unknown_one_does_not()
    {
        ThreeEScore other = Score(Six.Against("tiny-int8").Rank(ThreeEWeights.Equal, 0.95), "tiny-fp32");
        Assert.Equal(0.0208 / 0.0495, other.Energy!.Value, 9);
        Assert.Equal("tiny-fp32", Six.Against("never-measured").Reference);
        Assert.Same(Six.Against("tiny-int8"), Six.Against("tiny-int8"));
    }

    [Fact]
    public void The_triangle_names_the_winner_at_every_weight_vector()
    {
        WeightTriangle triangle = Six.Against(null).Triangle(0.95, 8);
        Assert.Equal(9 * 10 / 2, triangle.Cells.Count);
        Assert.All(triangle.Cells, cell =>
        {
            Assert.Equal(1, cell.Energy + cell.Efficiency + cell.Effectiveness, 12);
            var weights = new ThreeEWeights(cell.Energy, cell.Efficiency, cell.Effectiveness);
            Assert.Equal(Six.Against(null).Rank(weights, 0.95)[0].ConfigurationId, triangle.Configurations[cell.Winner]);
        });
        Assert.DoesNotContain("nano-int4", triangle.Configurations);
        Assert.Contains("nano-int4", Six.Against(null).Triangle(0, 20).Configurations);
        Assert.All(Six.Against(null).Triangle(1, 5).Cells, cell => Assert.Equal("tiny-fp32", Six.Against(null).Triangle(1, 5).Configurations[cell.Winner]));
    }

    [Fact]
    public void Saving_is_nought_for_the_reference_itself_and_a_share_for_a_mix()
    {
        ReferenceEvaluation reference = Six.Against(null);
        Assert.Equal(0, reference.Saving(new Dictionary<string, double> { ["tiny-fp32"] = 100 })!.Value.Fraction.Value, 12);
        (Interval fraction, double joules) = reference.Saving(new Dictionary<string, double> { ["tiny-int4"] = 100, ["unknown"] = 5 })!.Value;
        double expected = 100 * 0.0495 / 0.0166;
        Assert.Equal(expected - 100, joules, 6);
        Assert.Equal(1 - 100 / expected, fraction.Value, 9);
        Assert.Null(reference.Saving(new Dictionary<string, double> { ["unknown"] = 5 }));
        Assert.Null(reference.Saving(new Dictionary<string, double>()));
    }
}
