using GreenTune.Metering.Simulated;

namespace GreenTune.Metering.Tests.Truth;

/// <summary>
/// The meter against requests of known cost, through sensors with a gain error of 5 % drawn anew for each run. The full tables are made by
/// <see cref="AccuracyTables"/>.
/// </summary>
public sealed class SimulatorTruthTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("20 ms", 1)]
    [InlineData("20 ms", 8)]
    public async Task Explore(string name, int clients)
    {
        TruthResult result = await TruthRun.Compare(new SimulatedSensor { Period = 0.02, AveragingWindow = 0.025, Noise = 1 }, clients, runs: 6, seconds: 8);
        output.WriteLine($"{name} {clients} | {result}");
        Assert.InRange(result.WithinTwoSigma, 0.9, 1);
    }

    [Fact(Explicit = true)]
    public async Task Sweep()
    {
        foreach (int clients in new[] { 1, 8, 32, 100, 128 })
        {
            foreach ((string name, SimulatedSensor sensor) in AccuracyTables.Sensors)
            {
                var watch = System.Diagnostics.Stopwatch.StartNew();
                TruthResult result = await TruthRun.Compare(sensor, clients, runs: 10, seconds: 8, warm: sensor.AveragingWindow >= 1 ? 120 : 40);
                output.WriteLine($"{name,-24} {clients,3} | {result} | {watch.Elapsed.TotalSeconds:0.0} s");
            }
        }
        Assert.True(true);
    }
}
