using System.Text;
using GreenTune.Cli.CommandLine;
using Spectre.Console;

namespace GreenTune.Cli.Output;

/// <summary>Where a command reads and writes: the process's streams, or a test's.</summary>
/// <param name="Input">Standard input.</param>
/// <param name="Output">Results, and nothing else.</param>
/// <param name="Error">What is said beside them: progress, notes and errors.</param>
internal sealed record CliConsole(TextReader Input, TextWriter Output, TextWriter Error)
{
    /// <summary>Width that a table gets where nobody's terminal limits it.</summary>
    private const int UnlimitedWidth = 240;

    /// <summary>Columns that output may take.</summary>
    public int Width { get; init; } = UnlimitedWidth;

    /// <summary>Output goes to a terminal, which obeys control characters.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>Errors go to a terminal, where progress may be drawn.</summary>
    public bool ErrorIsTerminal { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Signals of the process.</summary>
    public Interrupts Interrupts { get; init; } = new();

    /// <summary>Environment variables.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    public static CliConsole OfProcess()
    {
        // Windows has a code page from before, which lacks the signs of units; elsewhere the locale says.
        if (OperatingSystem.IsWindows())
            Console.OutputEncoding = Encoding.UTF8;
        return new CliConsole(Console.In, Console.Out, Console.Error)
        {
            Width = Console.IsOutputRedirected ? UnlimitedWidth : TerminalWidth(),
            OutputIsTerminal = !Console.IsOutputRedirected,
            ErrorIsTerminal = !Console.IsErrorRedirected,
            Variables = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().ToDictionary(pair => (string)pair.Key, pair => (string?)pair.Value ?? ""),
        };
    }

    /// <summary>An error: one line, which begins with the program's name.</summary>
    public void Complain(string sentence) => Error.WriteLine($"greentune: {SafeText.Line(sentence).TrimEnd('.')}.");

    public void Note(string sentence) => Error.WriteLine(SafeText.Line(sentence));

    /// <summary>Draws tables on <see cref="Output"/>.</summary>
    public IAnsiConsole Tables() => Draws(Output, OutputIsTerminal);

    /// <summary>Draws progress on <see cref="Error"/>.</summary>
    public IAnsiConsole Progress() => Draws(Error, ErrorIsTerminal);

    private IAnsiConsole Draws(TextWriter writer, bool terminal)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = terminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        console.Profile.Width = Width;
        return console;
    }

    private static int TerminalWidth()
    {
        try
        {
            return Console.WindowWidth is > 0 and int width ? width : UnlimitedWidth;
        }
        catch (IOException)
        {
            return UnlimitedWidth;
        }
    }
}
