namespace GreenTune.Models.Download;

/// <summary>Why a hub did not give what was asked for, as far as a caller acts on it.</summary>
public enum HubFailure
{
    /// <summary>The repository, revision or file does not exist, or is private.</summary>
    NotFound,

    /// <summary>A licence has to be accepted at the hub, or a token given.</summary>
    AccessDenied,

    /// <summary>What the hub sends is not what it lists, or may not be taken.</summary>
    Refused,

    /// <summary>The hub did not answer as it should, however often it was asked.</summary>
    Unavailable,

    /// <summary>The disk has no room, or cannot be written.</summary>
    Disk,

    /// <summary>A name is taken, or the request does not fit what is there.</summary>
    Conflict,
}

/// <summary>A model could not be pulled; the message says why in one sentence, names the file or option, and never holds a token.</summary>
public sealed class HubException(HubFailure failure, string message, Exception? innerException = null) : Exception(message, innerException)
{
    public HubFailure Failure { get; } = failure;
}

/// <summary>A failure that another attempt may mend.</summary>
/// <param name="message">What happened.</param>
/// <param name="retryAfter">How long the server asks to wait; null where it does not say.</param>
/// <param name="innerException">What the platform said.</param>
internal sealed class PassingFaultException(string message, TimeSpan? retryAfter = null, Exception? innerException = null) : Exception(message, innerException)
{
    public TimeSpan? RetryAfter { get; } = retryAfter;
}
