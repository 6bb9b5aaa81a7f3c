using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Meter;
using GreenTune.Cli.Output;

namespace GreenTune.Cli.Tests.Support;

/// <summary>What a command line did.</summary>
internal sealed record CliResult(int ExitCode, string Output, string Error)
{
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>Runs command lines in this process, as a shell would that captures both streams.</summary>
internal static class Shell
{
    public static Task<CliResult> RunAsync(params string[] arguments) => RunAsync(arguments, TestContext.Current.CancellationToken);

    public static Task<CliResult> RunAsync(string[] arguments, CancellationToken cancellation, string input = "", bool terminal = false) =>
        RunAsync(arguments, console => console with { Input = new StringReader(input), OutputIsTerminal = terminal }, null, cancellation);

    /// <summary>The same on another machine, or with other surroundings.</summary>
    public static Task<CliResult> OnAsync(IMachinePower machine, string[] arguments, Func<CliConsole, CliConsole>? change = null) =>
        RunAsync(arguments, change ?? (console => console), machine, TestContext.Current.CancellationToken);

    private static async Task<CliResult> RunAsync(string[] arguments, Func<CliConsole, CliConsole> change, IMachinePower? machine, CancellationToken cancellation)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        CliConsole console = change(new CliConsole(TextReader.Null, TextWriter.Synchronized(output), TextWriter.Synchronized(error)));
        int code = await new GreenTuneCommand(console, machine).RunAsync(arguments, cancellation);
        return new CliResult(code, output.ToString(), error.ToString());
    }
}
