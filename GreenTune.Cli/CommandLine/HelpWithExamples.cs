using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;
using GreenTune.Cli.Output;

namespace GreenTune.Cli.CommandLine;

/// <summary>The usual help, followed by the command's examples.</summary>
internal sealed class HelpWithExamples(CliConsole console) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        new HelpAction { MaxWidth = Math.Max(40, console.Width) }.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (string example in parseResult.CommandResult.Command.Examples())
            output.WriteLine("  " + example);
        output.WriteLine();
        return ExitCodes.Ok;
    }
}

/// <summary>What --version prints: the version alone, for scripts.</summary>
internal sealed class PrintVersion(string version) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.WriteLine(version);
        return ExitCodes.Ok;
    }
}

/// <summary>Examples of a command, kept beside it because the parser's commands have no place for them.</summary>
internal static class CommandExamples
{
    private static readonly ConditionalWeakTable<Command, IReadOnlyList<string>> Kept = [];
    private static readonly ConditionalWeakTable<Command, object> FailureCodes = [];

    public static T WithExamples<T>(this T command, params string[] examples)
        where T : Command
    {
        Kept.Add(command, examples);
        return command;
    }

    /// <summary>What the command answers when it fails itself, where 1 and 2 are another program's to give.</summary>
    public static T WithFailureCode<T>(this T command, int code)
        where T : Command
    {
        FailureCodes.Add(command, code);
        return command;
    }

    /// <summary>The command's own code for failing, else the given one.</summary>
    public static int FailureCode(this Command command, int otherwise) => FailureCodes.TryGetValue(command, out object? code) ? (int)code : otherwise;

    /// <summary>Its own, else those of its commands.</summary>
    public static IReadOnlyList<string> Examples(this Command command) =>
        Kept.TryGetValue(command, out IReadOnlyList<string>? own) ? own : [.. command.Subcommands.SelectMany(c => c.Examples().Take(1))];
}
