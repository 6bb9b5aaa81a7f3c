using GreenTune.ServiceDefaults.Startup;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Errors;

/// <summary>Limits on what comes in. Section `Http`.</summary>
public sealed class HttpLimitOptions
{
    public const string Section = "Http";

    /// <summary>Longest body of a request, in bytes, 1 KiB to 1 GiB; a longer one is answered with 413. <value>The default value is 4 MiB.</value></summary>
    public long MaxRequestBodyBytes { get; set; } = 4 << 20;
}

internal sealed class HttpLimitOptionsRules : IValidateOptions<HttpLimitOptions>
{
    public ValidateOptionsResult Validate(string? name, HttpLimitOptions options) => new RangeRules(HttpLimitOptions.Section)
        .Range(nameof(options.MaxRequestBodyBytes), options.MaxRequestBodyBytes, 1024, 1L << 30, new HttpLimitOptions().MaxRequestBodyBytes)
        .Result();
}
