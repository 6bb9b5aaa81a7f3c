namespace GreenTune.ServiceDefaults.Startup;

/// <summary>The service cannot start for a reason that its user can mend; the message says what and how, and is all that is shown.</summary>
public class ServiceStartException(string message, Exception? inner = null) : Exception(message, inner);
