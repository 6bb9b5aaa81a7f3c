using System.Globalization;
using GreenTune.Core.Power;
using GreenTune.Metering.Simulated;

namespace GreenTune.Metering.Tests.Truth;

/// <summary>
/// The meter against requests of known cost, through sensors with a gain error of 5 % drawn anew for each run.
/// </summary>
public sealed class SimulatorTruthTests(ITestOutputHelper output)
{
    private static readonly SimulatedSensor Fast = new() { Period = 0.02, AveragingWindow = 0.02, Noise = 1 };

    private static readonly SimulatedSensor Slow = new() { Period = 0.1, AveragingWindow = 0.1, Noise = 1 };

    // What was found on A100 and H100: a quarter of the time is looked at.
    private static readonly SimulatedSensor Partial = new() { Period = 0.1, AveragingWindow = 0.025, Noise = 1 };

    private static readonly SimulatedSensor Counter = new() { Kinds = ReadingKinds.Counter, CounterPeriod = 0.1 };

    private static readonly SimulatedSensor Both = Fast with { Kinds = ReadingKinds.SamplesAndCounter };

    public static TheoryData<string, int> Cases => new()
    {
        { nameof(Fast), 1 }, { nameof(Fast), 8 }, { nameof(Slow), 1 }, { nameof(Slow), 8 },
        { nameof(Partial), 1 }, { nameof(Partial), 8 }, { nameof(Counter), 1 }, { nameof(Counter), 8 }, { nameof(Both), 1 }, { nameof(Both), 8 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_truth_lies_within_two_sigma_for_most_requests(string sensor, int clients)
    {
        SimulatedSensor simulated = sensor switch
        {
            nameof(Fast) => Fast,
            nameof(Slow) => Slow,
            nameof(Partial) => Partial,
            nameof(Counter) => Counter,
            _ => Both,
        };
        TruthResult result = await TruthRun.Compare(simulated, clients, runs: 20, seconds: 12);

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{sensor,-8} {clients,2} | {result.Requests,5} requests | error {result.MeanAbsoluteError:P1}, without gain {result.IndependentError:P1}, bias {result.Bias:P1} | sigma {result.MeanSigma:P1} | within 1 sigma {result.WithinOneSigma:P0}, 2 sigma {result.WithinTwoSigma:P0} | unattributed {result.UnattributedOfActive:P2} | naive x{result.NaiveFactor:0.00}"));
        Assert.InRange(result.WithinTwoSigma, 0.9, 1);
    }
}
