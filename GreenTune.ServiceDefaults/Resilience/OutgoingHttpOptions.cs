using GreenTune.ServiceDefaults.Startup;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Resilience;

/// <summary>How outgoing calls are retried, cut off and refused. Section `Http:Outgoing`.</summary>
public sealed class OutgoingHttpOptions
{
    public const string Section = "Http:Outgoing";

    /// <summary>Until the headers of the answer have arrived, all tries together. <value>The default value is 30 seconds.</value></summary>
    public TimeSpan TotalTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Until the headers of one try's answer have arrived. A body may take longer: a stream is not cut. <value>The default value is 10 seconds.</value></summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Further tries of an idempotent call. <value>The default value is 3.</value></summary>
    public int Retries { get; set; } = 3;

    /// <summary>Median wait before the first further try; doubled for each one after, with jitter. <value>The default value is 0.3 seconds.</value></summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(0.3);

    /// <summary>Share of calls to one address that fail before further ones are refused without trying. <value>The default value is 0.5.</value></summary>
    public double BreakerFailureRatio { get; set; } = 0.5;

    /// <summary>Calls within <see cref="BreakerWindow"/> before the share counts. <value>The default value is 20.</value></summary>
    public int BreakerMinimumCalls { get; set; } = 20;

    /// <summary>Over which calls are counted. <value>The default value is 15 seconds.</value></summary>
    public TimeSpan BreakerWindow { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long calls are refused before one is tried again. <value>The default value is 3 seconds.</value></summary>
    public TimeSpan BreakerPause { get; set; } = TimeSpan.FromSeconds(3);
}

internal sealed class OutgoingHttpOptionsRules : IValidateOptions<OutgoingHttpOptions>
{
    private static readonly TimeSpan TenMinutes = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan HalfASecond = TimeSpan.FromSeconds(0.5);
    private static readonly OutgoingHttpOptions Default = new();

    public ValidateOptionsResult Validate(string? name, OutgoingHttpOptions options) => new RangeRules(OutgoingHttpOptions.Section)
        .Range(nameof(options.TotalTimeout), options.TotalTimeout, TimeSpan.FromSeconds(0.1), TenMinutes, Default.TotalTimeout)
        .Range(nameof(options.AttemptTimeout), options.AttemptTimeout, TimeSpan.FromSeconds(0.1), TenMinutes, Default.AttemptTimeout)
        .AtMost(nameof(options.AttemptTimeout), options.AttemptTimeout, nameof(options.TotalTimeout), options.TotalTimeout)
        .Range(nameof(options.Retries), options.Retries, 0, 10, Default.Retries)
        .Range(nameof(options.RetryDelay), options.RetryDelay, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1), Default.RetryDelay)
        .Range(nameof(options.BreakerFailureRatio), options.BreakerFailureRatio, 0.01, 1, Default.BreakerFailureRatio)
        .Range(nameof(options.BreakerMinimumCalls), options.BreakerMinimumCalls, 2, 100_000, Default.BreakerMinimumCalls)
        .Range(nameof(options.BreakerWindow), options.BreakerWindow, HalfASecond, TenMinutes, Default.BreakerWindow)
        .Range(nameof(options.BreakerPause), options.BreakerPause, HalfASecond, TenMinutes, Default.BreakerPause)
        .Result();
}
