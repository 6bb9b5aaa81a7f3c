using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Access;

/// <summary>Section `OutgoingUrls`: which hosts the service may call at addresses that people give it, such as webhooks.</summary>
public sealed class OutgoingUrlOptions
{
    public const string Section = "OutgoingUrls";

    /// <summary>
    /// "host" or "host:port", or "*.domain" for every name below a domain. A name that is listed whole may lead to an inner address; one that "*" stands
    /// for may not. <value>The default is empty: no such address is called.</value>
    /// </summary>
    public IList<string> Allow { get; } = [];
}

internal sealed class OutgoingUrlOptionsRules : IValidateOptions<OutgoingUrlOptions>
{
    public ValidateOptionsResult Validate(string? name, OutgoingUrlOptions options)
    {
        string[] failures = [.. options.Allow.Index()
            .Where(entry => entry.Item is null || !AllowedHosts.IsPattern(entry.Item))
            .Select(entry => $"{OutgoingUrlOptions.Section}:Allow:{entry.Index} (environment: {OutgoingUrlOptions.Section}__Allow__{entry.Index}) is '{entry.Item}'; {AllowedHosts.PatternForm} is expected.")];
        return failures.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
