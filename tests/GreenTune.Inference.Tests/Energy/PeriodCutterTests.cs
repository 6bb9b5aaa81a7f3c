using System.Collections.Concurrent;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Inference.Energy;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Records;
using GreenTune.Inference.Tests.Conformance;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Inference.Tests.Energy;

public sealed class PeriodCutterTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("greentune-periods-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task The_last_period_is_cut_after_everything_else_has_stopped_and_written_before_the_outbox_closes()
    {
        var engine = new FakeEngine();
        var warnings = new Warnings();
        var late = new LateService();
        int cuts = 0;
        engine.FakeMeter.Cut = () => Period($"cpu-0-{++cuts}", late.Stopped);
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(warnings);
        builder.Services.AddSingleton<IEngine>(engine);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(_ => new Outbox(_directory, 1 << 20, NullLogger<Outbox>.Instance));
        // As the pipeline of records: registered before the cutter, so stopped after it.
        builder.Services.AddHostedService(_ => late);
        builder.Services.AddHostedService<PeriodCutter>();
        // Even a host that gives its services no time to stop.
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.Zero);
        using (IHost host = builder.Build())
        {
            await host.StartAsync();
            await host.StopAsync().ContinueWith(_ => { });
        }

        Assert.Equal(1, cuts);
        await using var outbox = new Outbox(_directory, 1 << 20, NullLogger<Outbox>.Instance);
        OutboxEntry entry = Assert.Single(outbox.Oldest()!.Entries);
        Assert.Equal((OutboxKind.Period, "cpu-0-1"), (entry.Kind, entry.Id));
        // What ended while the service stopped is in it.
        Assert.Equal(1, entry.Body.GetProperty("active").GetDouble());
        Assert.Empty(warnings.Heard);
    }

    private static EnergyPeriod Period(string id, bool afterLateService) => new()
    {
        Id = id,
        Device = "cpu-0",
        From = DateTimeOffset.UnixEpoch,
        To = DateTimeOffset.UnixEpoch.AddSeconds(1),
        Total = new Joules(2),
        Active = new Joules(afterLateService ? 1 : 0),
        IdleShare = Joules.Zero,
        Idle = new Joules(afterLateService ? 1 : 2),
        Unattributed = Joules.Zero,
        Other = Joules.Zero,
        Quality = EnergyQuality.Measured,
    };

    private sealed class LateService : IHostedService
    {
        public bool Stopped { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            Stopped = true;
            return Task.CompletedTask;
        }
    }

    private sealed class Warnings : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Heard { get; } = [];

        public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("GreenTune", StringComparison.Ordinal) ? this : NullLogger.Instance;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Heard.Enqueue(formatter(state, exception));
            }
        }

        public void Dispose()
        {
        }
    }
}
