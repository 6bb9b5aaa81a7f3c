using System.Collections.Concurrent;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>
/// Both services in one in-process server on a free port: every endpoint of docs/http-api.md that the dashboard uses, over a
/// <see cref="SampleWorld"/>, with failures on demand.
/// </summary>
internal sealed class FakeServices : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Dictionary<string, int> _failing = [];
    private readonly Lock _gate = new();
    private CancellationTokenSource _line = new();
    private int _powerFrames;

    private FakeServices(WebApplication app, SampleWorld world, FakePlans plans)
    {
        _app = app;
        World = world;
        Plans = plans;
        Carbon = new FakeCarbon(world, live: world.Records.Count > 0);
        Access = new FakeAccess(world, Events, filled: world.Records.Count > 0);
        Library = new FakeLibrary(world, empty: world.Records.Count == 0);
    }

    /// <summary>Whom keys stand for.</summary>
    public ConcurrentDictionary<string, KeyIdentity> Keys { get; } = [];

    /// <summary>Keys on whose behalf budgets were asked for.</summary>
    public ConcurrentQueue<string?> Behalf { get; } = [];

    public SampleWorld World { get; }

    public FakePlans Plans { get; }

    public FakeLibrary Library { get; }

    public FakeCarbon Carbon { get; }

    public FakeAccess Access { get; }

    public FakeEvents Events { get; } = new();

    public Uri Address { get; private set; } = new("http://localhost");

    /// <summary>Bodies of chat requests, newest last.</summary>
    public List<string> Chats { get; } = [];

    /// <summary>Time between two tokens of a streamed answer; null takes the configuration's speed.</summary>
    public TimeSpan? TokenInterval { get; set; }

    /// <summary>Whether the whole backend answers; turning it off cuts open streams.</summary>
    public bool Up
    {
        get;
        set
        {
            field = value;
            if (!value)
            {
                var cut = Interlocked.Exchange(ref _line, new CancellationTokenSource());
                cut.Cancel();
            }
        }
    } = true;

    /// <summary>Cancelled when the backend goes down.</summary>
    public CancellationToken Line => _line.Token;

    public static async Task<FakeServices> StartAsync(SampleWorld world)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(options => options.AddServerHeader = false);
        builder.Services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, ContractJson.Options.TypeInfoResolver!);
            options.SerializerOptions.NumberHandling = ContractJson.Options.NumberHandling;
        });
        var app = builder.Build();
        var services = new FakeServices(app, world, new FakePlans(world));
        services.Plans.Finished += plan => services.Events.Send(EventNames.Plan, plan);
        app.Use(services.FailOnDemandAsync);
        FakeAccounting.Map(app, services);
        services.Carbon.Map(app);
        services.Access.Map(app);
        FakeInference.Map(app, services);
        FakeChat.Map(app, services);
        await app.StartAsync();
        services.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return services;
    }

    /// <summary>Answers every path that begins so with this status, until <see cref="Heal"/>.</summary>
    public void Fail(string path, int status)
    {
        lock (_gate)
        {
            _failing[path] = status;
        }
    }

    public void Heal()
    {
        lock (_gate)
        {
            _failing.Clear();
        }
    }

    /// <summary>A request that somebody made: stored, and told to the dashboard.</summary>
    public RecordView Arrive(RecordView record)
    {
        World.Add(record);
        Events.Send(EventNames.Record, SampleRecords.Bare(record));
        foreach (var status in World.Budgets.Where(b => b.Budget.Tenant == record.Record.Tenant))
        {
            Events.Send(EventNames.Budget, status);
        }

        return record;
    }

    /// <summary>Counts a frame of live power that was sent.</summary>
    public void PowerFrameSent() => Interlocked.Increment(ref _powerFrames);

    /// <summary>Returns when this many more frames of live power have been sent.</summary>
    public async Task PowerFramesAsync(int count, CancellationToken cancellationToken)
    {
        var until = Volatile.Read(ref _powerFrames) + count;
        while (Volatile.Read(ref _powerFrames) < until)
        {
            await Task.Delay(20, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Up = false;
        await _app.StopAsync(new CancellationTokenSource(TimeSpan.FromSeconds(2)).Token);
        await _app.DisposeAsync();
        _line.Dispose();
    }

    private async Task FailOnDemandAsync(HttpContext context, RequestDelegate next)
    {
        if (!Up)
        {
            context.Abort();
            return;
        }

        int? status = null;
        lock (_gate)
        {
            foreach (var (path, code) in _failing)
            {
                if (context.Request.Path.StartsWithSegments(path, StringComparison.Ordinal))
                {
                    status = code;
                }
            }
        }

        if (status is { } failed)
        {
            await Results.Problem(statusCode: failed, detail: "The database is locked.").ExecuteAsync(context);
            return;
        }

        await next(context);
    }
}
