using System.Globalization;
using System.Net;

namespace GreenTune.Models.Download;

/// <summary>What is asked of a hub, as messages name it: "model.safetensors of org/name".</summary>
/// <param name="Repository">For example "org/name".</param>
/// <param name="File">A file of it; null for the repository itself.</param>
internal readonly record struct HubSubject(string Repository, string? File = null)
{
    public override string ToString() => File is null ? Repository : $"{File} of {Repository}";
}

/// <summary>What a hub's refusals mean.</summary>
internal static class HubAnswers
{
    private const string ErrorCode = "X-Error-Code";

    /// <summary>The exception for an answer that is none of success.</summary>
    public static Exception Fault(HttpResponseMessage response, Uri address, bool isHub, HubSubject what, HubOptions options, TimeProvider clock)
    {
        int status = (int)response.StatusCode;
        string said = string.Create(CultureInfo.InvariantCulture, $"{what}: {address.Host} answered {status}");
        if (status is 408 or 425 or 429 or >= 500)
            return new PassingFaultException(said, RetryAfter(response, clock));
        // The address behind a redirect is signed for a while; the next attempt begins at the hub and gets a new one.
        if (!isHub)
            return new PassingFaultException(said);
        string? code = response.Headers.TryGetValues(ErrorCode, out IEnumerable<string>? codes) ? codes.FirstOrDefault() : null;
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new HubException(HubFailure.AccessDenied, Denied(what, code, options)),
            HttpStatusCode.NotFound or HttpStatusCode.Gone => new HubException(HubFailure.NotFound, code switch
            {
                "RevisionNotFound" => $"{what}: there is no such revision at {address.Host}; --revision names a branch, tag or commit",
                "EntryNotFound" => $"{what}: there is no such file at {address.Host}",
                _ => $"{what} does not exist at {address.Host}; check its spelling, for example HuggingFaceTB/SmolLM2-135M-Instruct",
            }),
            _ => new HubException(HubFailure.Refused, said),
        };
    }

    /// <summary>How long the server asks to wait.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider clock)
    {
        TimeSpan? wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - clock.GetUtcNow(),
            _ => null,
        };
        return wait is { } negative && negative < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private static string Denied(HubSubject what, string? code, HubOptions options)
    {
        string page = options.Endpoint.AbsoluteUri + what.Repository;
        string how = options.Token is null
            ? "give a token of an account that may read it, by the environment variable HF_TOKEN, --token-file or Models:Hub:TokenFile"
            : "the token's account has no access to it yet, or the token lacks the right to read gated repositories";
        return code == "GatedRepo"
            ? $"{what} is gated: accept its licence at {page}, and {how}"
            : $"{what} may not be read: it is gated, private or does not exist. Accept its licence at {page} where it has one, and {how}";
    }
}
