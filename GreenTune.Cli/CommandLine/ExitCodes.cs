namespace GreenTune.Cli.CommandLine;

/// <summary>What the command answers to the shell.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>The command was understood and could not be done.</summary>
    public const int Failed = 1;

    /// <summary>The command line is not one that can be done.</summary>
    public const int BadUsage = 2;

    /// <summary>'greentune measure' itself failed, whatever its command would have answered: as env, timeout and nohup do.</summary>
    public const int MeasureFailed = 125;

    /// <summary>The command to be measured was found and cannot be executed.</summary>
    public const int CannotExecute = 126;

    /// <summary>There is no such command to be measured.</summary>
    public const int NotFound = 127;

    /// <summary>Stopped by Ctrl-C or SIGTERM.</summary>
    public const int Cancelled = 130;
}
