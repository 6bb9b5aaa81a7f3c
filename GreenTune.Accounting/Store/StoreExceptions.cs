using GreenTune.ServiceDefaults.Startup;

namespace GreenTune.Accounting.Store;

/// <summary>The books cannot be opened; the message says what to do and is shown without a stack trace.</summary>
internal sealed class StoreStartException(string message, Exception? inner = null) : ServiceStartException(message, inner);

/// <summary>The database cannot take or give anything now; nothing was half-stored. Answered with 503 and Retry-After.</summary>
internal sealed class StoreUnavailableException(string message, Exception inner) : Exception(message, inner);
