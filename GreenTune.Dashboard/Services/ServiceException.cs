namespace GreenTune.Dashboard.Services;

/// <summary>Why a call to a service gave no answer.</summary>
public enum ServiceFailure
{
    /// <summary>Nobody answers at its address, or not in time.</summary>
    Unreachable,

    /// <summary>What was asked for does not exist (404).</summary>
    NotFound,

    /// <summary>Somebody else changed it first, or it is there already (409).</summary>
    Conflict,

    /// <summary>What was sent is not valid (400, 422).</summary>
    Invalid,

    /// <summary>Whoever is signed in may not (403), or is signed in no longer (401).</summary>
    Forbidden,

    /// <summary>The service failed (5xx) or answered something that cannot be read.</summary>
    Failed,
}

/// <summary>A call to a service failed; the message is written for the reader.</summary>
public sealed class ServiceException : Exception
{
    public ServiceException(string service, ServiceFailure failure, string message, Exception? inner = null)
        : base(message, inner)
    {
        Service = service;
        Failure = failure;
    }

    /// <summary>The service's name in discovery.</summary>
    public string Service { get; }

    public ServiceFailure Failure { get; }

    /// <summary>Messages by the field they are about, as the service named it.</summary>
    public IReadOnlyDictionary<string, string> Fields { get; init; } = new Dictionary<string, string>();
}
