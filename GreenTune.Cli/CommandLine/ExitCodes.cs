namespace GreenTune.Cli.CommandLine;

/// <summary>What the command answers to the shell.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>The command was understood and could not be done.</summary>
    public const int Failed = 1;

    /// <summary>The command line is not one that can be done.</summary>
    public const int BadUsage = 2;

    /// <summary>Stopped by Ctrl-C or SIGTERM.</summary>
    public const int Cancelled = 130;
}
