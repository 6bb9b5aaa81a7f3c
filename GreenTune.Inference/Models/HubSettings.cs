using GreenTune.Models.Download;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Models;

/// <summary>The hub that this service pulls from, section "Models:Hub". A request never names it.</summary>
internal sealed class HubSettings
{
    public const string Section = "Models:Hub";

    /// <summary>Address of the hub.</summary>
    /// <value>The default is HF_ENDPOINT, else the Hugging Face hub.</value>
    public string? Endpoint { get; set; }

    /// <summary>File that holds a token for gated models.</summary>
    /// <value>The default is the environment variable HF_TOKEN.</value>
    public string? TokenFile { get; set; }

    /// <summary>Hosts that the hub may redirect to; empty allows every public host.</summary>
    public IList<string> AllowedHosts { get; } = [];

    /// <exception cref="HubException">A setting cannot be used.</exception>
    public HubOptions ToOptions() => new()
    {
        Endpoint = HubOptions.ReadEndpoint(Endpoint, "Models:Hub:Endpoint"),
        Token = string.IsNullOrWhiteSpace(TokenFile) ? HubToken.FromEnvironment() : HubToken.ReadFile(TokenFile),
        AllowedHosts = [.. AllowedHosts],
    };
}

/// <summary>A hub that cannot be used is a start-up error that names the setting.</summary>
internal sealed class HubSettingsCheck : IValidateOptions<HubSettings>
{
    public ValidateOptionsResult Validate(string? name, HubSettings options)
    {
        try
        {
            options.ToOptions();
            return ValidateOptionsResult.Success;
        }
        catch (HubException e)
        {
            return ValidateOptionsResult.Fail(e.Message.Replace("--token-file", "Models:Hub:TokenFile", StringComparison.Ordinal));
        }
    }
}
