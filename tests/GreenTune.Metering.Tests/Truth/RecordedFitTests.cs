using GreenTune.Core.Contracts;
using GreenTune.Metering.Recording;

namespace GreenTune.Metering.Tests.Truth;

/// <summary>What the meter makes of a real H200: a trace recorded beside the engine, replayed.</summary>
public sealed class RecordedFitTests(ITestOutputHelper output)
{
    [Fact]
    public void On_a_real_H200_the_fit_explains_held_out_blocks_that_time_alone_does_not()
    {
        MeterReplayResult replay = MeterReplay.Run(Path.Combine(Path.GetDirectoryName(AccuracyTables.Page())!, "..", "tests", "data", "h200.greentrace"));

        WorkFitView fit = Assert.Single(replay.View.WorkFits);
        CounterAgreement agreement = replay.View.CounterAgreement!;
        output.WriteLine($"{fit}; {agreement}");
        Assert.True(fit.InUse);
        Assert.InRange(fit.RSquared!.Value, 0.7, 1);
        Assert.InRange(fit.TimeAloneRSquared!.Value, -1, 0.5);
        Assert.InRange(fit.SensorWindowSeconds, 0.02, 0.1);
        Assert.InRange(agreement.Idle!.Value, -0.01, 0.01);
        Assert.InRange(agreement.Loaded!.Value, -0.01, 0.01);
        Assert.InRange(replay.Buckets.Unattributed.Value / replay.Buckets.Active.Value, -0.001, 0.02);
    }
}
