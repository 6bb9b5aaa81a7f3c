using GreenTune.Core.Access;
using GreenTune.ServiceDefaults.Startup;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Access;

/// <summary>Section `Access`: who may call the service.</summary>
public sealed class AccessOptions
{
    public const string Section = "Access";

    /// <summary>Shortest service key.</summary>
    public const int MinServiceKeyLength = 32;

    /// <summary>
    /// Whether calls need a key. <value>The default is none: keys are off while the service listens on loopback alone, and on otherwise, unless
    /// Security:AllowUnauthenticatedNonLoopback leaves it open.</value>
    /// </summary>
    public bool? RequireKeys { get; set; }

    /// <summary>
    /// What services show one another, the same for all of them; the AppHost makes one for each run. At least 32 characters.
    /// <value>The default is none.</value>
    /// </summary>
    public string? ServiceKey { get; set; }

    /// <summary>Accounting makes a key of the role admin of this when it starts and none is there. <value>The default is none.</value></summary>
    public string? BootstrapKey { get; set; }

    /// <summary>How long a service believes what Accounting said of a key. A revocation is told at once. <value>The default is 60 seconds, 1 to 3600.</value></summary>
    public double VerificationSeconds { get; set; } = 60;

    /// <summary>How long a key that was verified before is taken while Accounting cannot be asked. <value>The default is 24 hours, 0 to 720.</value></summary>
    public double OfflineHours { get; set; } = 24;

    /// <summary>Keys that a service remembers. <value>The default is 10,000, 1 to 1,000,000.</value></summary>
    public int MaxRememberedKeys { get; set; } = 10_000;

    /// <summary>Whether keys are on for what the configuration lets the service listen on.</summary>
    internal static bool KeysAreOn(IConfiguration configuration, AccessOptions access, SecurityOptions security) =>
        access.RequireKeys ?? (!security.AllowUnauthenticatedNonLoopback && LoopbackRule.Requested(configuration).Any(address => !LoopbackRule.IsLoopback(address)));
}

internal sealed class AccessOptionsRules(IConfiguration configuration, IOptions<SecurityOptions> security, IEnumerable<HeedsKeys> heeds) : IValidateOptions<AccessOptions>
{
    public ValidateOptionsResult Validate(string? name, AccessOptions options)
    {
        var failures = new List<string>();
        if (options.ServiceKey is { Length: < AccessOptions.MinServiceKeyLength })
        {
            failures.Add($"Access:ServiceKey (environment: Access__ServiceKey) is shorter than {AccessOptions.MinServiceKeyLength} characters; make one with, for example, openssl rand -hex 32.");
        }
        else if (options.ServiceKey is null && heeds.Any() && AccessOptions.KeysAreOn(configuration, options, security.Value))
        {
            failures.Add("Access:ServiceKey (environment: Access__ServiceKey) is needed while keys are on, the same for all services; make one with, for example, openssl rand -hex 32. Access:RequireKeys=false turns keys off for a service that listens on loopback alone.");
        }

        if (options.BootstrapKey is { } bootstrap && !AccessKeys.IsKey(bootstrap))
        {
            failures.Add($"Access:BootstrapKey (environment: Access__BootstrapKey) is no key: {AccessKeys.Form} are expected; `greentune keys generate` makes one.");
        }

        ValidateOptionsResult ranges = new RangeRules(AccessOptions.Section)
            .Range(nameof(options.VerificationSeconds), options.VerificationSeconds, 1, 3600, new AccessOptions().VerificationSeconds)
            .Range(nameof(options.OfflineHours), options.OfflineHours, 0, 720, new AccessOptions().OfflineHours)
            .Range(nameof(options.MaxRememberedKeys), options.MaxRememberedKeys, 1, 1_000_000, new AccessOptions().MaxRememberedKeys)
            .Result();
        failures.AddRange(ranges.Failures ?? []);
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}

/// <summary>Registered by a service that asks for keys when they are on.</summary>
internal sealed class HeedsKeys;

/// <summary>Whether keys are on in this process.</summary>
public sealed class KeySwitch(IConfiguration configuration, IOptions<AccessOptions> access, IOptions<SecurityOptions> security)
{
    /// <summary>Calls need a key.</summary>
    public bool On { get; } = AccessOptions.KeysAreOn(configuration, access.Value, security.Value);
}
