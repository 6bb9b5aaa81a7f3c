namespace GreenTune.Models.Download;

/// <summary>Which hub models are pulled from, and with what.</summary>
public sealed record HubOptions
{
    public const string EndpointVariable = "HF_ENDPOINT";

    public static readonly Uri DefaultEndpoint = new("https://huggingface.co/");

    /// <summary>Address of the hub.</summary>
    /// <value>The default is HF_ENDPOINT, else the Hugging Face hub.</value>
    public Uri Endpoint { get; init; } = DefaultEndpoint;

    /// <summary>For gated and private repositories; null pulls without.</summary>
    public HubToken? Token { get; init; }

    /// <summary>
    /// Hosts that the hub may redirect to, for example "cdn.example.org" or "*.example.org". A host that is named here may have a private address. Empty allows every public host.
    /// </summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>The endpoint as it was given, else from HF_ENDPOINT, else the Hugging Face hub.</summary>
    /// <param name="given">What an option or setting says; null for nothing.</param>
    /// <param name="givenBy">Name of that option or setting, for the message.</param>
    /// <param name="environment">Reads a variable; null reads the process's own.</param>
    /// <exception cref="HubException">It is no address of a hub.</exception>
    public static Uri ReadEndpoint(string? given, string givenBy = "--endpoint", Func<string, string?>? environment = null)
    {
        environment ??= Environment.GetEnvironmentVariable;
        (string text, string from) = !string.IsNullOrWhiteSpace(given) ? (given, givenBy)
            : environment(EndpointVariable) is { Length: > 0 } variable ? (variable, EndpointVariable)
            : (DefaultEndpoint.AbsoluteUri, "");
        return Uri.TryCreate(text.Trim().TrimEnd('/') + "/", UriKind.Absolute, out Uri? uri) && uri is { Scheme: "https" or "http", Host.Length: > 0, Query: "", Fragment: "", UserInfo: "" }
            ? uri
            : throw new HubException(HubFailure.Refused, $"{from} is not an address with https or http and nothing behind its path, for example https://huggingface.co");
    }

    /// <exception cref="HubException">The token would travel unencrypted.</exception>
    internal void Validate()
    {
        if (Token is not null && Endpoint.Scheme != Uri.UriSchemeHttps && !Endpoint.IsLoopback)
            throw new HubException(HubFailure.Refused, $"a token is not sent to {Endpoint.Host} over http; use https, or pull without a token");
    }
}
