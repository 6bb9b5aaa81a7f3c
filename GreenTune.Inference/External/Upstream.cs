using GreenTune.Core.Contracts;

namespace GreenTune.Inference.External;

/// <summary>An OpenAI-compatible engine elsewhere.</summary>
/// <param name="Id">What requests name.</param>
/// <param name="Url">Base address, with a slash at its end.</param>
/// <param name="Model">What the upstream calls the model.</param>
/// <param name="ApiKeyVariable">Environment variable that holds its key; null for none.</param>
/// <param name="OnMeteredDevice">It runs on the device that is metered here.</param>
/// <param name="FromSettings">It stands in the settings.</param>
/// <param name="MayBeInner">Its name may lead to an inner address: the operator wrote it down.</param>
internal sealed record Upstream(string Id, Uri Url, string Model, string? ApiKeyVariable, bool OnMeteredDevice, bool FromSettings, bool MayBeInner)
{
    /// <summary>What variables that requests may name begin with: any other would let a request send the service's secrets elsewhere.</summary>
    public const string KeyPrefix = "GREENTUNE_UPSTREAM_";

    private const int MaxModel = 200;

    public static Upstream Of(UpstreamOptions options) =>
        new(options.Id!, Address(options.Url)!, options.Model!, string.IsNullOrEmpty(options.ApiKeyVariable) ? null : options.ApiKeyVariable, options.OnMeteredDevice, true, true);

    /// <summary>What is wrong with the fields, by field in camelCase.</summary>
    public static IEnumerable<(string Field, string Problem)> Check(string? id, string? url, string? model)
    {
        if (!Identifiers.IsConfiguration(id))
        {
            yield return ("id", $"must be {Identifiers.ConfigurationForm}, for example vllm-llama-8b.");
        }

        if (Address(url) is null)
        {
            yield return ("url", "must be an address with http or https and without user, query and fragment, for example http://gpu-7:8000/v1.");
        }

        if (model is not { Length: >= 1 and <= MaxModel } || model.Any(char.IsControl))
        {
            yield return ("model", $"must be 1 to {MaxModel} printable characters: what the upstream calls the model, for example meta-llama/Llama-3.1-8B-Instruct.");
        }
    }

    /// <summary>A base address with a slash at its end; null where the text is none.</summary>
    public static Uri? Address(string? text) =>
        text is { Length: <= 500 } && Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out Uri? uri) && uri is { Scheme: "http" or "https", Host.Length: > 0, Query: "", Fragment: "", UserInfo: "" }
            ? uri
            : null;
}
