using GreenTune.Core.Attribution;
using GreenTune.Core.Units;
using GreenTune.Inference.Energy;
using GreenTune.Metering;
using GreenTune.Metering.Simulated;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Inference.Tests.Energy;

public sealed class MeterMemoryTests : IDisposable
{
    private static readonly WorkModel Work = new("tiny", 1e9, 1e4, 1e9, 1e5);
    private readonly string _directory = Directory.CreateTempSubdirectory("greentune-memory-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task What_a_meter_learned_is_there_for_the_next_one()
    {
        WorkFitSnapshot learned;
        var memory = new MeterMemory(_directory, TimeProvider.System, NullLogger<MeterMemory>.Instance);
        await using (DeviceMeter meter = await TeachAsync())
        {
            learned = meter.WorkFits()!;
            Assert.True(Assert.Single(learned.Fits).Blocks > 0);
            using var keeper = new MeterMemoryKeeper(memory, meter);
            await keeper.StartAsync(CancellationToken.None);
            await keeper.StopAsync(new CancellationToken(canceled: true));
        }

        WorkFitSnapshot kept = memory.Load()!;
        Assert.Equal((learned.Device, learned.Meter), (kept.Device, kept.Meter));
        await using var next = new DeviceMeter(Source(), new() { Remembered = kept });
        WorkFitState restored = Assert.Single(next.WorkFits()!.Fits);
        Assert.Equal(Work, restored.Work);
        Assert.True(restored.Blocks >= learned.Fits[0].Blocks);
    }

    [Theory]
    [InlineData("{ \"device\": ")]
    [InlineData("[1, 2]")]
    public void A_file_that_cannot_be_read_is_named_and_done_without(string text)
    {
        File.WriteAllText(Path.Combine(_directory, "work-models.json"), text);
        var log = new Heard();

        Assert.Null(new MeterMemory(_directory, TimeProvider.System, log).Load());

        Assert.Contains("work-models.json", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    private static SimulatedPowerSource Source() => new(new() { Kinds = Core.Power.ReadingKinds.Samples, Period = 0.01 }, new SimulatedCurve(100), MonotonicTime.Now(TimeProvider.System));

    private static async Task<DeviceMeter> TeachAsync()
    {
        var meter = new DeviceMeter(Source(), new() { Period = TimeSpan.FromMilliseconds(10) });
        long request = meter.Admit(meter.Now);
        for (int i = 0; i < 40; i++)
        {
            MonotonicTime start = meter.Now;
            await Task.Delay(10);
            meter.Step(new(start, meter.Now, StepPhase.Decode, Work, [new(request, 1, i)]));
        }

        await meter.Finish(request, meter.Now);
        return meter;
    }

    private sealed class Heard : ILogger<MeterMemory>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Add(formatter(state, exception));
    }
}
