using GreenTune.Cli.CommandLine;
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

    public static async Task<CliResult> RunAsync(string[] arguments, CancellationToken cancellation, string input = "", bool terminal = false)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var console = new CliConsole(new StringReader(input), TextWriter.Synchronized(output), TextWriter.Synchronized(error)) { OutputIsTerminal = terminal };
        int code = await new GreenTuneCommand(console).RunAsync(arguments, cancellation);
        return new CliResult(code, output.ToString(), error.ToString());
    }
}
