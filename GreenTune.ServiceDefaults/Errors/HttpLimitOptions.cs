using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Errors;

/// <summary>Limits on what comes in. Section `Http`.</summary>
public sealed class HttpLimitOptions
{
    public const string Section = "Http";

    /// <summary>Longest body of a request, in bytes; a longer one is answered with 413. <value>The default value is 4 MiB.</value></summary>
    [Range(1024, 1L << 30, ErrorMessage = Section + ":MaxRequestBodyBytes has to be 1024 (1 KiB) to 1073741824 (1 GiB), for example 4194304.")]
    public long MaxRequestBodyBytes { get; set; } = 4 << 20;
}

[OptionsValidator]
internal sealed partial class HttpLimitOptionsRanges : IValidateOptions<HttpLimitOptions>;
