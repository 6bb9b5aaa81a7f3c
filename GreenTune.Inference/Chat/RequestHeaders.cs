using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.ServiceDefaults.Access;

namespace GreenTune.Inference.Chat;

/// <summary>Our request headers, checked.</summary>
/// <param name="Tenant">Whose request it is.</param>
/// <param name="Session">What belongs together; null when the client did not say.</param>
/// <param name="WaitForEnergy">Hold the figures until the meter has settled.</param>
/// <param name="Deadline">How long the client wants to wait for the whole answer; null when it did not say.</param>
/// <param name="Allowance">What is left of the tokens of the client's key; null without a limit.</param>
internal sealed record RequestHeaders(string Tenant, string? Session, bool WaitForEnergy, TimeSpan? Deadline, TokenAllowance? Allowance = null)
{
    private const int MaxLength = 64;
    private const int LongestDeadline = 3_600_000;

    /// <exception cref="ApiException">400 naming the header.</exception>
    public static RequestHeaders Read(HttpContext context)
    {
        IHeaderDictionary headers = context.Request.Headers;
        string? energy = headers[Headers.Energy];
        if (energy is not (null or "" or "wait"))
        {
            throw ApiException.Bad(Headers.Energy, "can only be 'wait'.");
        }

        // Once keys are on, the tenant is the key's, whatever the header says.
        Caller caller = context.Caller();
        string tenant = caller.Key?.Tenant ?? Name(headers, Headers.Tenant) ?? Headers.DefaultTenant;
        return new RequestHeaders(tenant, Name(headers, Headers.Session), energy == "wait", ReadDeadline(headers), caller.Allowance);
    }

    private static TimeSpan? ReadDeadline(IHeaderDictionary headers)
    {
        string? value = headers[Headers.Deadline];
        if (string.IsNullOrEmpty(value))
        {
            return null;
        }

        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int milliseconds) && milliseconds is >= 1 and <= LongestDeadline
            ? TimeSpan.FromMilliseconds(milliseconds)
            : throw ApiException.Bad(Headers.Deadline, FormattableString.Invariant($"must be a whole number of milliseconds from 1 to {LongestDeadline}, for example 30000."));
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
