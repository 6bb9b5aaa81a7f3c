using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Chat;

/// <summary>Our request headers, checked.</summary>
internal sealed record RequestHeaders(string Tenant, string? Session, bool WaitForEnergy)
{
    private const int MaxLength = 64;

    /// <exception cref="ApiException">400 naming the header.</exception>
    public static RequestHeaders Read(IHeaderDictionary headers)
    {
        string? energy = headers[Headers.Energy];
        if (energy is not (null or "" or "wait"))
        {
            throw ApiException.Bad(Headers.Energy, "can only be 'wait'.");
        }

        return new RequestHeaders(Name(headers, Headers.Tenant) ?? Headers.DefaultTenant, Name(headers, Headers.Session), energy == "wait");
    }

    private static string? Name(IHeaderDictionary headers, string name)
    {
        string? value = headers[name];
        if (string.IsNullOrEmpty(value))
        {
            return null;
        }

        return value.Length <= MaxLength && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':')
            ? value
            : throw ApiException.Bad(name, $"must have 1 to {MaxLength} characters of A-Z, a-z, 0-9, '-', '_', '.' and ':', for example 'team-support'.");
    }
}
