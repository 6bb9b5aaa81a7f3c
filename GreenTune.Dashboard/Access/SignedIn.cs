using System.Security.Claims;
using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Access;

/// <summary>
/// Who is signed in at the other end of this circuit; nobody while keys are off, when all is allowed. Calls to the services name the key, and they decide by
/// its role: what is hidden here is only not offered.
/// </summary>
public sealed class SignedIn
{
    private const string TenantClaim = "tenant";

    /// <summary>The key; null while keys are off.</summary>
    public KeyIdentity? Key { get; private set; }

    /// <summary>Models may be removed and the like.</summary>
    public bool IsAdmin => Key is null or { Role: AccessRole.Admin };

    /// <summary>"operate" or "admin".</summary>
    public string Role => Key?.Role == AccessRole.Admin ? "admin" : "operate";

    public void Set(ClaimsPrincipal user) => Key = IdentityOf(user);

    internal static ClaimsPrincipal PrincipalOf(KeyIdentity key) => new(new ClaimsIdentity(
        [
            new Claim(ClaimTypes.NameIdentifier, key.Id.ToString()),
            new Claim(ClaimTypes.Name, key.Name),
            new Claim(ClaimTypes.Role, key.Role.ToString()),
            new Claim(TenantClaim, key.Tenant),
        ],
        SignInHosting.Scheme));

    internal static KeyIdentity? IdentityOf(ClaimsPrincipal user) =>
        user.Identity is { IsAuthenticated: true } && Guid.TryParse(user.FindFirstValue(ClaimTypes.NameIdentifier), out var id) && Enum.TryParse<AccessRole>(user.FindFirstValue(ClaimTypes.Role), out var role)
            ? new KeyIdentity { Id = id, Name = user.Identity.Name ?? string.Empty, Role = role, Tenant = user.FindFirstValue(TenantClaim) ?? string.Empty }
            : null;
}
