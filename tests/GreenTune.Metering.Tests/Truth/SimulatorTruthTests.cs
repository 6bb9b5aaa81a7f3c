using GreenTune.Core.Power;
using GreenTune.Metering.Simulated;

namespace GreenTune.Metering.Tests.Truth;

/// <summary>
/// The meter against requests of known cost, through sensors with a gain error of 5 % whose quantiles the runs go through. Everything is drawn from seeds, so that the
/// figures are the same on every machine. The full tables are in docs/metering-accuracy.md.
/// </summary>
public sealed class SimulatorTruthTests(ITestOutputHelper output)
{
    // What an H200 gives: a value each 20 ms, and a counter.
    private static readonly SimulatedSensor Hopper = new() { Kinds = ReadingKinds.SamplesAndCounter, Period = 0.02, AveragingWindow = 0.025, Noise = 1 };

    public static TheoryData<string, int> Cases => new(
        from sensor in new[] { "10 ms, averages 100 ms", "20 ms, averages 0 ms", "100 ms, averages 25 ms", "100 ms, averages 1000 ms", "counter, 100 ms", "20 ms and counter, faulty" }
        from clients in new[] { 1, 8, 100 }
        select (sensor, clients));

    /// <summary>
    /// 95 % are promised. In some hundred requests that share 6 gains, 93 % is two standard deviations of the binomial below.
    /// </summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_truth_lies_within_two_sigma(string sensor, int clients)
    {
        TruthResult result = await TruthRun.Compare(AccuracyTables.Sensor(sensor), clients, runs: 6, seconds: clients == 1 ? 15 : 5, warm: 20);

        output.WriteLine($"{sensor}, {clients} concurrent: {result}");
        Assert.InRange(result.WithinTwoSigma, 0.93, 1);
        Assert.Equal(0, result.Withheld);
        Assert.InRange(result.MeanSigma, 0.05, 0.35);
        Assert.InRange(result.Unattributed, 0, 0.02);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(32)]
    [InlineData(100)]
    public async Task Requests_in_a_batch_come_out_nearer_to_the_truth_than_by_equal_weights_or_overlap(int clients)
    {
        TruthResult result = await TruthRun.Compare(Hopper, clients, runs: 4, seconds: 5, warm: 30);

        output.WriteLine($"{clients} concurrent: {result}");
        Assert.InRange(result.Ours.WithoutGain, 0, 0.06);
        Assert.InRange(result.Ours.WithoutGain / result.EqualWeights.WithoutGain, 0, 0.85);
        Assert.InRange(result.Ours.WithoutGain / result.Overlap.WithoutGain, 0, 0.35);
        Assert.InRange(result.NaiveFactor, 0.6 * clients, clients);
        Assert.Equal(1, result.Fitted, 0.02);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(100)]
    public async Task What_a_sensor_averages_without_saying_so_is_found_and_heeded(int clients)
    {
        SimulatedSensor sensor = Hopper with { AveragingWindow = 0.1 };
        TruthResult result = await TruthRun.Compare(sensor, clients, runs: 4, seconds: 5, warm: 40, undeclared: true);

        output.WriteLine($"{clients} concurrent: {result}");
        Assert.InRange(result.WithinTwoSigma, 0.95, 1);
        Assert.InRange(result.Ours.WithoutGain, 0, 0.055);
    }

    [Fact]
    public async Task A_meter_that_starts_anew_shares_by_time_first_and_by_its_fit_once_that_explains_more()
    {
        MeteredRun run = await MeteredRun.Of(TruthWorkload.Create(seed: 5, clients: 8, seconds: 12), Hopper);

        var fit = Assert.Single(run.View.WorkFits);
        Assert.True(fit.InUse);
        Assert.InRange(fit.RSquared!.Value, fit.TimeAloneRSquared!.Value + 0.1, 1);
        Assert.InRange(fit.SensorWindowSeconds, 0.01, 0.05);
        double[] shares = [.. run.Settled.OrderBy(entry => entry.Key).Select(entry => entry.Value.Energy.FittedShare!.Value)];
        Assert.Equal(0, shares[0]);
        Assert.Equal(1, shares[^1], 9);
        Assert.Contains(run.Settled.Values, settled => settled.Energy.EqualWeightsActiveJoules != settled.Energy.ActiveJoules);
    }

    [Fact]
    public async Task Fits_given_back_after_a_restart_are_used_from_the_first_block_on()
    {
        MeteredRun before = await MeteredRun.Of(TruthWorkload.Create(seed: 5, clients: 8, seconds: 12), Hopper);
        MeteredRun after = await MeteredRun.Of(TruthWorkload.Create(seed: 6, clients: 8, seconds: 2), Hopper, before.Fits);
        MeteredRun stranger = await MeteredRun.Of(TruthWorkload.Create(seed: 6, clients: 8, seconds: 2), Hopper, before.Fits with { Device = "another" });

        Assert.All(after.Settled.Values, settled => Assert.Equal(1, settled.Energy.FittedShare!.Value, 9));
        Assert.All(stranger.Settled.Values.Take(3), settled => Assert.Equal(0, settled.Energy.FittedShare));
    }

    [Fact]
    public async Task Coefficients_that_are_given_go_before_fitted_ones()
    {
        MeteredRun run = await MeteredRun.Of(TruthWorkload.Create(seed: 5, clients: 8, seconds: 8), Hopper, coefficients: _ => null);

        Assert.All(run.Settled.Values, settled => Assert.Equal(0, settled.Energy.FittedShare));
        Assert.All(run.Settled.Values, settled => Assert.Equal(settled.Energy.EqualWeightsActiveJoules!.Value.Value, settled.Energy.ActiveJoules!.Value.Value, 9));
    }

    /// <summary>Takes a minute or two: GreenTune.Metering.Tests -explicit only -method '*Write_the_tables*'.</summary>
    [Fact(Explicit = true)]
    public async Task Write_the_tables_of_the_accuracy_page()
    {
        string page = AccuracyTables.Page();
        string before = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        string after = AccuracyTables.Replace(before, await AccuracyTables.Make(line => output.WriteLine(line)));
        await File.WriteAllTextAsync(page, after, TestContext.Current.CancellationToken);
        Assert.Contains(AccuracyTables.Sensors[0].Name, after, StringComparison.Ordinal);
    }
}
