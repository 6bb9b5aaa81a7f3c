using GreenTune.Core.Contracts;

namespace GreenTune.ServiceDefaults.Access;

/// <summary>Knows whom keys stand for. Thread-safe.</summary>
public interface IKeyVerifier
{
    /// <summary>Whom a key stands for; null when it is unknown, revoked or has expired.</summary>
    /// <exception cref="KeysUnavailableException">That cannot be found out now.</exception>
    ValueTask<KeyIdentity?> VerifyAsync(string key, CancellationToken cancellation);

    /// <summary>The same by the key's id, for a service that asks on somebody's behalf.</summary>
    /// <exception cref="KeysUnavailableException">That cannot be found out now.</exception>
    ValueTask<KeyIdentity?> FindAsync(Guid id, CancellationToken cancellation);
}

/// <summary>Keys cannot be checked now.</summary>
public sealed class KeysUnavailableException(Exception? inner = null) : Exception("Keys cannot be checked now: Accounting, which keeps them, does not answer. Try again shortly.", inner);
