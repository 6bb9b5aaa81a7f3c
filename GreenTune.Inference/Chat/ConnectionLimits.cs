using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Chat;

/// <summary>
/// How slow a client may be before its connection is closed, section "Inference:Connections". A connection that sends its request byte by byte, or that does
/// not read its answer, holds memory and a place in the engine.
/// </summary>
internal sealed class ConnectionLimits
{
    public const string Section = "Inference:Connections";

    /// <summary>Time for a request's line and headers, in seconds.</summary>
    /// <value>The default is 15.</value>
    [Range(0.5, 600)]
    public double RequestHeadersSeconds { get; set; } = 15;

    /// <summary>Fewest bytes a second of a request's body, on average.</summary>
    /// <value>The default is 240.</value>
    [Range(1, 1e9)]
    public double MinRequestBytesPerSecond { get; set; } = 240;

    /// <summary>Fewest bytes a second that a client reads of an answer that is there to be sent. A model that takes its time does not count.</summary>
    /// <value>The default is 240.</value>
    [Range(1, 1e9)]
    public double MinResponseBytesPerSecond { get; set; } = 240;

    /// <summary>Seconds for which the reader of a stream may take nothing off a full connection; then it is cut off and its generation ends.</summary>
    /// <value>The default is 30.</value>
    [Range(0.1, 3600)]
    public double WriteStallSeconds { get; set; } = 30;

    /// <summary>Seconds for which either rate may be lower, for networks that stall.</summary>
    /// <value>The default is 5; the server looks once a second, so it is more than 1.</value>
    [Range(1.1, 600)]
    public double GraceSeconds { get; set; } = 5;

    /// <summary>Sets the server up by these limits.</summary>
    public static void Add(IServiceCollection services)
    {
        services.AddOptions<ConnectionLimits>().BindConfiguration(Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ConnectionLimits>, ConnectionLimitsValidator>();
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<ConnectionLimits>>((kestrel, options) =>
        {
            ConnectionLimits limits = options.Value;
            TimeSpan grace = TimeSpan.FromSeconds(limits.GraceSeconds);
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(limits.RequestHeadersSeconds);
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(limits.MinRequestBytesPerSecond, grace);
            kestrel.Limits.MinResponseDataRate = new MinDataRate(limits.MinResponseBytesPerSecond, grace);
        });
    }
}

[OptionsValidator]
internal sealed partial class ConnectionLimitsValidator : IValidateOptions<ConnectionLimits>;
