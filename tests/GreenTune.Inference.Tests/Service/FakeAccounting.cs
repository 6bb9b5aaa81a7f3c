using System.Collections.Concurrent;
using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace GreenTune.Inference.Tests.Service;

/// <summary>Accounting's side of the contract on a loopback port, with answers that a test chooses. Can be killed and come back on the same port.</summary>
internal sealed class FakeAccounting : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Guid, Channel<(string Event, string Data)>> _subscribers = [];
    private WebApplication? _app;

    public int Port { get; private set; }

    public string Url => $"http://localhost:{Port}";

    public ConcurrentDictionary<string, RequestRecord> Records { get; } = [];

    public ConcurrentDictionary<Guid, MeasurementPlan> Plans { get; } = [];

    /// <summary>What was told of configurations.</summary>
    public ConcurrentQueue<ConfigurationBatch> Configurations { get; } = [];

    public ConcurrentQueue<ReservationRequest> Reservations { get; } = [];

    public ConcurrentQueue<string> Released { get; } = [];

    /// <summary>Whom keys stand for.</summary>
    public ConcurrentDictionary<string, KeyIdentity> Keys { get; } = [];

    /// <summary>Keys that were asked about.</summary>
    public ConcurrentQueue<string> Verifications { get; } = [];

    /// <summary>What those who asked about keys showed of themselves.</summary>
    public ConcurrentQueue<string?> Presented { get; } = [];

    /// <summary>Records that came a second time.</summary>
    public int Duplicates;

    /// <summary>What a reservation is answered; null allows everything.</summary>
    public Func<ReservationRequest, ReservationDecision>? Decide { get; set; }

    /// <summary>Budgets told on connecting.</summary>
    public List<BudgetStatus> Budgets { get; } = [];

    public AutoChoice? Auto { get; set; }

    public async Task StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, Port));
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = ContractJson.Options.PropertyNamingPolicy;
            json.SerializerOptions.NumberHandling = ContractJson.Options.NumberHandling;
        });
        WebApplication app = builder.Build();
        app.MapPost("/api/records", (RecordBatch batch) =>
        {
            int stored = batch.Records.Count(record => Records.TryAdd(record.Id, record));
            Interlocked.Add(ref Duplicates, batch.Records.Count - stored);
            return new IngestResult(stored, batch.Records.Count - stored, []);
        });
        app.MapPost("/api/periods", (PeriodBatch batch) => new IngestResult(batch.Periods.Count, 0, []));
        app.MapPost("/api/configurations", (ConfigurationBatch batch) =>
        {
            Configurations.Enqueue(batch);
            return new IngestResult(batch.Configurations.Count, 0, []);
        });
        app.MapPost("/api/plans", (MeasurementPlan plan) => Plans[plan.Id] = plan);
        app.MapPost("/api/keys/verify", (KeyCheck check, HttpRequest request) =>
        {
            Verifications.Enqueue(check.Key);
            Presented.Enqueue(request.Headers.Authorization);
            return Keys.TryGetValue(check.Key, out KeyIdentity? identity) ? Results.Ok(identity) : Results.NotFound();
        });
        app.MapGet("/api/carbon", () => Factor);
        app.MapGet("/api/budgets", () => Budgets);
        app.MapPost("/api/budgets/reservations", (ReservationRequest request) =>
        {
            Reservations.Enqueue(request);
            return Decide?.Invoke(request) ?? new ReservationDecision { Allowed = true, ConfigurationId = request.Wanted.ConfigurationId };
        });
        app.MapDelete("/api/budgets/reservations/{id}", (string id) => Released.Enqueue(id));
        app.MapGet("/api/events", (CancellationToken cancellation) => TypedResults.ServerSentEvents(EventsAsync(cancellation)));
        await app.StartAsync();
        Port = new Uri(app.Urls.Single()).Port;
        _app = app;
    }

    /// <summary>Connections break, as when the process dies.</summary>
    public async Task KillAsync()
    {
        if (_app is { } app)
        {
            _app = null;
            await app.StopAsync(new CancellationToken(canceled: true));
            await app.DisposeAsync();
        }
    }

    public void Send<T>(string name, T data)
    {
        foreach (Channel<(string, string)> channel in _subscribers.Values)
        {
            channel.Writer.TryWrite((name, JsonSerializer.Serialize(data, ContractJson.Options)));
        }
    }

    public ValueTask DisposeAsync() => new(KillAsync());

    public static CarbonFactor Factor { get; } = new()
    {
        Intensity = new GramsPerKilowattHour(360),
        Pue = 1.2,
        Zone = "WORLD",
        ZoneName = "World",
        Source = "test",
        Licence = "none",
        FactorType = "life-cycle",
        GasBasis = "CO2e",
        Estimated = true,
        MethodVersion = MethodVersions.Carbon,
    };

    public static BudgetStatus Budget(string tenant) => new()
    {
        Budget = new Budget
        {
            Id = Guid.NewGuid(),
            Name = $"{tenant}'s",
            Tenant = tenant,
            Quantity = BudgetQuantity.GramsCO2e,
            Limit = 1,
            Thresholds = [new BudgetThreshold(1, BudgetAction.Block)],
            Paused = false,
            Version = 1,
            CreatedAt = DateTimeOffset.UnixEpoch,
            UpdatedAt = DateTimeOffset.UnixEpoch,
        },
        Used = new Interval(0, 0, 0),
        Reserved = 0,
        Left = 1,
        Fraction = 0,
        State = BudgetState.OnTrack,
        Quality = EnergyQuality.Estimated,
        WindowStart = DateTimeOffset.UnixEpoch,
        ResetsAt = DateTimeOffset.UnixEpoch.AddDays(1),
    };

    private async IAsyncEnumerable<SseItem<string>> EventsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var id = Guid.NewGuid();
        Channel<(string Event, string Data)> channel = Channel.CreateUnbounded<(string, string)>();
        _subscribers[id] = channel;
        try
        {
            AutoChoice auto = Auto ?? new AutoChoice { Candidates = [], Because = [], Pinned = false };
            yield return new SseItem<string>(JsonSerializer.Serialize(auto, ContractJson.Options), EventNames.Auto);
            await foreach ((string name, string data) in channel.Reader.ReadAllAsync(cancellation))
            {
                yield return new SseItem<string>(data, name);
            }
        }
        finally
        {
            _subscribers.TryRemove(id, out _);
        }
    }
}
