using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Resilience;

/// <summary>How outgoing calls are retried, cut off and refused. Section `Http:Outgoing`.</summary>
public sealed class OutgoingHttpOptions
{
    public const string Section = "Http:Outgoing";

    /// <summary>Until the headers of the answer have arrived, all tries together. <value>The default value is 30 seconds.</value></summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00", ErrorMessage = Section + ":TotalTimeout has to be 0.1 s to 10 min, for example 00:00:30.")]
    public TimeSpan TotalTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Until the headers of one try's answer have arrived. A body may take longer: a stream is not cut. <value>The default value is 10 seconds.</value></summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00", ErrorMessage = Section + ":AttemptTimeout has to be 0.1 s to 10 min, for example 00:00:10.")]
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Further tries of an idempotent call. <value>The default value is 3.</value></summary>
    [Range(0, 10, ErrorMessage = Section + ":Retries has to be 0 to 10.")]
    public int Retries { get; set; } = 3;

    /// <summary>Median wait before the first further try; doubled for each one after, with jitter. <value>The default value is 0.3 seconds.</value></summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00", ErrorMessage = Section + ":RetryDelay has to be 1 ms to 1 min, for example 00:00:00.3.")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(0.3);

    /// <summary>Share of calls to one address that fail before further ones are refused without trying. <value>The default value is 0.5.</value></summary>
    [Range(0.01, 1.0, ErrorMessage = Section + ":BreakerFailureRatio has to be 0.01 to 1.")]
    public double BreakerFailureRatio { get; set; } = 0.5;

    /// <summary>Calls within <see cref="BreakerWindow"/> before the share counts. <value>The default value is 20.</value></summary>
    [Range(2, 100_000, ErrorMessage = Section + ":BreakerMinimumCalls has to be 2 to 100000.")]
    public int BreakerMinimumCalls { get; set; } = 20;

    /// <summary>Over which calls are counted. <value>The default value is 15 seconds.</value></summary>
    [Range(typeof(TimeSpan), "00:00:00.5", "00:10:00", ErrorMessage = Section + ":BreakerWindow has to be 0.5 s to 10 min, for example 00:00:15.")]
    public TimeSpan BreakerWindow { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long calls are refused before one is tried again. <value>The default value is 3 seconds.</value></summary>
    [Range(typeof(TimeSpan), "00:00:00.5", "00:10:00", ErrorMessage = Section + ":BreakerPause has to be 0.5 s to 10 min, for example 00:00:03.")]
    public TimeSpan BreakerPause { get; set; } = TimeSpan.FromSeconds(3);
}

[OptionsValidator]
internal sealed partial class OutgoingHttpOptionsRanges : IValidateOptions<OutgoingHttpOptions>;

internal sealed class OutgoingHttpOptionsRules : IValidateOptions<OutgoingHttpOptions>
{
    public ValidateOptionsResult Validate(string? name, OutgoingHttpOptions options)
        => options.AttemptTimeout <= options.TotalTimeout
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"{OutgoingHttpOptions.Section}:AttemptTimeout ({options.AttemptTimeout}) has to be at most {OutgoingHttpOptions.Section}:TotalTimeout ({options.TotalTimeout}).");
}
