using System.CommandLine;
using System.CommandLine.Help;
using System.Reflection;
using GreenTune.Cli.Adapters;
using GreenTune.Cli.Chat;
using GreenTune.Cli.Keys;
using GreenTune.Cli.Measure;
using GreenTune.Cli.Meter;
using GreenTune.Cli.Models;
using GreenTune.Cli.Output;
using GreenTune.Cli.Records;
using GreenTune.Cli.Requests;
using GreenTune.Cli.Services;
using GreenTune.Models;
using GreenTune.Models.Adapters;
using GreenTune.Models.Catalog;
using GreenTune.Models.Download;
using GreenTune.Models.Import;
using GreenTune.Models.Store;

namespace GreenTune.Cli.CommandLine;

/// <summary>The whole command line: parses it, runs one command, and turns whatever happens into output, one sentence on stderr and an exit code.</summary>
internal sealed class GreenTuneCommand
{
    private readonly CliConsole _console;
    private readonly RootCommand _root;
    private readonly Option<string?> _apiKey = ApiKey.Option();

    /// <param name="console">Where it reads and writes.</param>
    /// <param name="machine">What the machine's power is read by; null for what it has.</param>
    public GreenTuneCommand(CliConsole console, IMachinePower? machine = null)
    {
        IMachinePower sources = machine ?? new MachinePower();
        _console = console;
        _root = new RootCommand("Chat models that answer with their joules and grams of CO2e: build them, ask them, read what requests cost, and measure anything else.")
        {
            ModelsCommand.Create(console),
            AdaptersCommand.Create(console),
            ChatCommand.Create(console),
            RequestsCommand.Create(console),
            RecordsCommand.Create(console),
            KeysCommand.Create(console),
            MeterCommand.Create(console, sources),
            MeasureCommand.Create(console, sources),
        };
        _root.Options.Add(_apiKey);
        _root.WithExamples("greentune models build", "greentune chat \"What is a carbon budget?\"", "greentune requests list", "greentune measure -- python train.py");
        _root.Options.OfType<HelpOption>().Single().Action = new HelpWithExamples(console);
        _root.Options.OfType<VersionOption>().Single().Action = new PrintVersion(Version);
        _root.SetAction(result => new HelpWithExamples(console).Invoke(result));
    }

    /// <summary>Version of the program, with the commit it was built from where that is known.</summary>
    public static string Version { get; } = typeof(GreenTuneCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown (the build gave none)";

    /// <summary>Runs one command line. Never throws.</summary>
    public async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        // Response files (@file) are off: an argument that begins with @ is a text like any other.
        ParseResult parsed = _root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
            return Refuse(parsed.CommandResult.Command, UsageErrors.Sentence(parsed));
        try
        {
            ApiKey.Use(parsed, _apiKey);
            var invocation = new InvocationConfiguration
            {
                Output = _console.Output,
                Error = _console.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(invocation, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _console.Complain("stopped before it was done");
            return ExitCodes.Cancelled;
        }
        catch (Exception e) when (e is BadUsageException or UnknownConfigurationException or UnknownModelException)
        {
            return Refuse(parsed.CommandResult.Command, e.Message);
        }
        catch (Exception e) when (e is CommandFailedException or ModelFolderException or HubException or CatalogException or ImportException or RemovalException or AdapterException)
        {
            _console.Complain(e.Message);
            return parsed.CommandResult.Command.FailureCode(ExitCodes.Failed);
        }
        catch (Exception e)
        {
            // Nothing that is thrown on purpose ends here. The sentence is what a report of the fault needs first.
            _console.Complain($"unexpected fault in '{UsageErrors.PathOf(parsed.CommandResult.Command)}': {e.GetType().Name}: {e.Message}");
            return parsed.CommandResult.Command.FailureCode(ExitCodes.Failed);
        }
    }

    private int Refuse(Command command, string sentence)
    {
        _console.Complain(sentence);
        if (command.Examples() is [var example, ..] && !sentence.Contains("for example", StringComparison.OrdinalIgnoreCase))
            _console.Note($"For example: {example}");
        _console.Note($"'{UsageErrors.PathOf(command)} --help' shows what it takes.");
        return command.FailureCode(ExitCodes.BadUsage);
    }
}
