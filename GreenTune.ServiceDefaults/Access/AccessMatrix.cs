using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace GreenTune.ServiceDefaults.Access;

/// <summary>Who may call an endpoint. Ordered by what is asked for; services may call all of them.</summary>
public enum AccessLevel
{
    /// <summary>Everybody, without a key.</summary>
    Anyone,

    /// <summary>Any key. One with the role use sees its own tenant's alone.</summary>
    Use,

    /// <summary>Keys with the role operate or admin.</summary>
    Operate,

    /// <summary>Keys with the role admin.</summary>
    Admin,

    /// <summary>GreenTune's own services alone.</summary>
    Service,
}

/// <summary>What an endpoint asks for.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="Pattern">Route pattern as it is mapped, with a slash in front and none behind.</param>
/// <param name="Level">Who may call it.</param>
/// <param name="Tenant">For keys with the role use, the query is given their tenant, whatever it asked for.</param>
/// <param name="Generates">It makes a model answer: a key's limit on what runs at once counts.</param>
public sealed record AccessRule(string Method, string Pattern, AccessLevel Level, bool Tenant = false, bool Generates = false);

/// <summary>
/// The roles of a service, endpoint by endpoint, in one place. What is not in it is closed to all keys, so that an endpoint that somebody forgot gives
/// nothing away; a test of each service walks its endpoints and names those.
/// </summary>
public sealed class AccessMatrix(params IReadOnlyList<AccessRule> rules)
{
    private readonly Dictionary<(string, string), AccessRule> _rules = rules.ToDictionary(rule => (rule.Method, Normal(rule.Pattern)));

    public IReadOnlyList<AccessRule> Rules => rules;

    /// <summary>The rule of an endpoint; null when it is closed.</summary>
    public AccessRule? Find(Endpoint endpoint, string method)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        if (endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null)
        {
            return new AccessRule(method, "", AccessLevel.Anyone);
        }

        // HEAD is GET without a body.
        string asked = HttpMethods.IsHead(method) ? HttpMethods.Get : method.ToUpperInvariant();
        return endpoint is RouteEndpoint route ? _rules.GetValueOrDefault((asked, Normal(route.RoutePattern.RawText ?? ""))) : null;
    }

    /// <summary>Endpoints without a rule, as "GET /api/records".</summary>
    public IEnumerable<string> Closed(IEnumerable<EndpointDataSource> sources) =>
        from endpoint in sources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []
        where Find(endpoint, method) is null
        select $"{method} /{endpoint.RoutePattern.RawText?.Trim('/')}";

    private static string Normal(string pattern) => pattern.Trim('/');
}
