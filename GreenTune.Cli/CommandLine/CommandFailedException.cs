namespace GreenTune.Cli.CommandLine;

/// <summary>The command could not be done; the message says why in one sentence, for the person at the terminal.</summary>
internal sealed class CommandFailedException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>A value on the command line cannot be used; the message names the option or argument, what it expects and an example.</summary>
internal sealed class BadUsageException(string message) : Exception(message);
