using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Soak;

/// <summary>
/// Records as a busy site has them: 20 tenants of which a few make most requests, 6 configurations on 3 devices, ten requests a session of one configuration, one in a hundred
/// failed, one in fifty cancelled. By a seed, so that two runs store the same.
/// </summary>
internal sealed class SampleRecords(int seed)
{
    public const int Tenants = 20;

    private static readonly string[] Configurations = ["greentune-tiny-int4", "greentune-tiny-int8", "greentune-tiny-fp16", "greentune-nano-int4", "mistral-7b-int4", "llama-1b-int4"];
    private static readonly string[] Devices = ["GPU-6fd6a1b2-0000-4c0e-9f0e-1a2b3c4d5e6f", "GPU-6fd6a1b2-1111-4c0e-9f0e-1a2b3c4d5e6f", "cpu-0"];

    private readonly Random _random = new(seed);
    private string _session = "";
    private int _tenant;
    private int _configuration;
    private long _made;

    public static string Tenant(int number) => $"team-{number:00}";

    public RequestRecord Next(DateTimeOffset startedAt, int tracePoints = 0)
    {
        if (_made++ % 10 == 0)
        {
            _session = $"job-{NewId()}";
            // The square puts most sessions with the first tenants.
            _tenant = (int)(Tenants * _random.NextDouble() * _random.NextDouble());
            _configuration = _random.Next(Configurations.Length);
        }

        double seconds = 0.2 + 2 * _random.NextDouble() * _random.NextDouble();
        int output = 20 + _random.Next(200);
        double joules = output * (0.02 + 0.03 * _random.NextDouble());
        int kind = _random.Next(100);
        RequestOutcome outcome = kind == 0 ? RequestOutcome.Failed : kind <= 2 ? RequestOutcome.Cancelled : RequestOutcome.Completed;
        return new RequestRecord
        {
            Id = $"chatcmpl-{TimeOrderedId(startedAt)}",
            StartedAt = startedAt,
            EndedAt = startedAt.AddSeconds(seconds),
            Tenant = Tenant(_tenant),
            Session = kind % 4 == 0 ? null : _session,
            RequestedModel = "auto",
            ConfigurationId = Configurations[_configuration],
            DegradedFrom = kind == 7 ? "mistral-7b-int4" : null,
            Outcome = outcome,
            FinishReason = outcome switch { RequestOutcome.Failed => "error", RequestOutcome.Cancelled => "cancelled", _ => "stop" },
            InputTokens = 30 + _random.Next(400),
            OutputTokens = output,
            QueueSeconds = 0.002,
            TimeToFirstTokenSeconds = 0.05,
            DurationSeconds = seconds,
            MeanRowsInFlight = 1 + 7 * _random.NextDouble(),
            Streamed = kind % 2 == 0,
            Energy = new EnergyFigures
            {
                Joules = new Joules(joules),
                ActiveJoules = new Joules(joules * 0.6),
                PrefillJoules = new Joules(joules * 0.2),
                DecodeJoules = new Joules(joules * 0.4),
                IdleJoules = new Joules(joules * 0.4),
                RelativeUncertainty = 0.06,
                Uncertainty = new EnergyUncertainty(0.05, new Watts(1.2), 0.1 * (_random.NextDouble() - 0.5), -0.05, new Joules(joules * 0.02)),
                Quality = kind < 5 ? EnergyQuality.Modelled : EnergyQuality.Measured,
                PhaseQuality = EnergyQuality.Modelled,
                Components = new ComponentJoules { Gpu = new Joules(joules) },
                Boundary = "device",
                Meter = "nvml",
                Device = Devices[_configuration % Devices.Length],
                Settled = true,
                MethodVersion = MethodVersions.Attribution,
                Reasons = new Dictionary<string, string> { ["components.cpu"] = "outside the metered device", ["components.dram"] = "no meter for memory" },
            },
            PowerTrace = [.. Enumerable.Range(0, tracePoints).Select(i => new TracePoint(i * 0.02, 200 + _random.Next(100)))],
            BaselineWatts = new Watts(123.4),
            PrefillEndOffsetSeconds = 0.05,
            TraceId = NewId(),
            SpanId = NewId()[..16],
            Instance = "GreenTune.Inference-node-a-4711",
        };
    }

    /// <summary>As Inference makes them: a UUID of version 7, so that new ids lie next to each other in an index (RFC 9562, section 5.7).</summary>
    private string TimeOrderedId(DateTimeOffset at) => $"{at.ToUnixTimeMilliseconds():x12}7{NewId()[..3]}8{NewId()[..15]}";

    private string NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        _random.NextBytes(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
