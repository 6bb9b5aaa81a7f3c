using GreenTune.Core.Attribution;
using GreenTune.Inference;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Running;
using GreenTune.Inference.Engine.Scheduling;
using GreenTune.Metering;
using GreenTune.Metering.Recording;
using GreenTune.Models.Folders;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Bench.Energy;

/// <summary>An answered request of a load.</summary>
internal readonly record struct Answered(int InputTokens, GenerationResult Result, SettledRequest Settled)
{
    public int OutputTokens => Result.OutputTokens;
}

/// <summary>One engine with its meter and one model.</summary>
internal sealed class EnergyRig : IAsyncDisposable
{
    private readonly IModelRunner _runner;
    private long _requests;

    private EnergyRig(DeviceMeter meter, DeviceEngine engine, IModelRunner runner)
    {
        Meter = meter;
        Engine = engine;
        _runner = runner;
    }

    public DeviceMeter Meter { get; }

    public DeviceEngine Engine { get; }

    public string ConfigurationId => _runner.ConfigurationId;

    /// <summary>Opens a meter alone.</summary>
    /// <param name="setting">The device.</param>
    /// <param name="periodMilliseconds">Time between readings.</param>
    /// <param name="source">Metering:Source.</param>
    /// <param name="recorder">Records what the meter takes.</param>
    public static DeviceMeter OpenMeter(EnergySetting setting, int periodMilliseconds = 50, string source = "auto", MeterRecorder? recorder = null) =>
        (DeviceMeter)new MeterFactory(new MeteringOptions { PeriodMilliseconds = periodMilliseconds, Source = source })
            .Create(setting.Cuda ? DeviceComponent.Gpu : DeviceComponent.Cpu, recorder: recorder);

    /// <summary>Loads the model beside a meter, and warms up.</summary>
    public static async Task<EnergyRig> OpenAsync(EnergySetting setting, DeviceMeter? meter = null, int contextTokens = 4096)
    {
        meter ??= OpenMeter(setting);
        InferenceOptions options = Options(setting, contextTokens);
        ExecutionProvider provider = ExecutionProvider.Choose(setting.Device, 0);
        var engine = new DeviceEngine(meter, SchedulingSettings.Of(options, provider.Cuda), TimeProvider.System, NullLogger<DeviceEngine>.Instance);
        IModelRunner runner;
        using (meter.Busy())
        {
            runner = RunnerFactory.Open(ModelFolder.Open(setting.Folder), provider, RunnerBudget.Of(options, provider.Cuda, 1));
        }

        meter.SetResident([runner.ConfigurationId]);
        var rig = new EnergyRig(meter, engine, runner);
        foreach (int rows in Enumerable.Range(1, setting.Rows))
        {
            // Every number of rows is captured once before anything counts.
            if (rows == setting.Rows || rows is 1 or 2 or 4 or 8 or 16 or 24)
            {
                await rig.WaveAsync(rows, 64, 16);
            }
        }

        return rig;
    }

    /// <summary>The same engine with another meter, for the price of metering; the model stays loaded.</summary>
    public DeviceEngine EngineWith(EnergySetting setting, IDeviceMeter meter, int contextTokens = 4096) =>
        new(meter, SchedulingSettings.Of(Options(setting, contextTokens), setting.Cuda), TimeProvider.System, NullLogger<DeviceEngine>.Instance);

    /// <summary>One request, without waiting for its energy: who sends the next one does not either.</summary>
    public async Task<GenerationResult> AskAsync(Random random, int prompt, int tokens, DeviceEngine? engine = null)
    {
        GenerationResult result = await (engine ?? Engine).Submit(
            new GenerationRequest
            {
                Id = $"bench {Interlocked.Increment(ref _requests)}",
                Model = _runner,
                Prompt = Prompt(random, prompt),
                MaxTokens = tokens,
                IgnoreStopTokens = true,
            },
            CancellationToken.None).Completion;
        return result.Error is { } error ? throw new InvalidOperationException("a request failed", error) : result;
    }

    /// <summary>Waits for the requests' energy.</summary>
    public static async Task<List<Answered>> SettleAsync(IEnumerable<(int Prompt, GenerationResult Result)> ended)
    {
        var answered = new List<Answered>();
        foreach ((int prompt, GenerationResult result) in ended)
        {
            answered.Add(new(prompt, result, await result.Settled));
        }

        return answered;
    }

    /// <summary>Alike requests, all at once.</summary>
    public async Task<GenerationResult[]> WaveAsync(int rows, int prompt, int tokens, DeviceEngine? engine = null)
    {
        var random = new Random(7);
        return await Task.WhenAll(Enumerable.Range(0, rows).Select(_ => AskAsync(random, prompt, tokens, engine)).ToArray());
    }

    /// <summary>Clients that each send their next request when the last is answered, until the time is over.</summary>
    /// <param name="clients">How many.</param>
    /// <param name="length">For how long requests are sent.</param>
    /// <param name="seed">All lengths follow from this.</param>
    /// <param name="lengths">Lengths of a request's prompt and answer.</param>
    public Task<List<Answered>> ClosedLoopAsync(int clients, TimeSpan length, int seed, Func<Random, (int Prompt, int Tokens)> lengths)
    {
        long until = Environment.TickCount64 + (long)length.TotalMilliseconds;
        return ClosedLoopAsync(clients, seed, (random, _) => Environment.TickCount64 < until ? lengths(random) : null);
    }

    /// <summary>Clients that each send their next request when the last is answered.</summary>
    /// <param name="clients">How many.</param>
    /// <param name="seed">All lengths follow from this.</param>
    /// <param name="next">Lengths of a client's next request, given how many it has sent; null ends it.</param>
    public async Task<List<Answered>> ClosedLoopAsync(int clients, int seed, Func<Random, int, (int Prompt, int Tokens)?> next)
    {
        List<(int Prompt, GenerationResult Result)>[] ended = await Task.WhenAll(Enumerable.Range(0, clients).Select(async client =>
        {
            var own = new List<(int, GenerationResult)>();
            var random = new Random(seed * 1009 + client);
            while (next(random, own.Count) is var (prompt, tokens))
            {
                own.Add((prompt, await AskAsync(random, prompt, tokens)));
            }

            return own;
        }).ToArray());
        return await SettleAsync(ended.SelectMany(own => own));
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.RetireAsync(_runner);
        await Engine.DisposeAsync();
        await Meter.DisposeAsync();
    }

    private static InferenceOptions Options(EnergySetting setting, int contextTokens) => new()
    {
        MaxRows = Math.Max(setting.Rows, 32),
        MaxContextTokens = contextTokens,
        KvCacheMegabytes = 0,
        PrefixCacheMegabytes = 0,
        PrefillTokens = setting.Cuda ? 2048 : 0,
    };

    private int[] Prompt(Random random, int length)
    {
        lock (random)
        {
            int[] prompt = new int[length];
            for (int i = 0; i < length; i++)
            {
                prompt[i] = random.Next(3, _runner.VocabularySize);
            }

            return prompt;
        }
    }
}
