using System.CommandLine;
using System.CommandLine.Parsing;

namespace GreenTune.Cli.CommandLine;

/// <summary>Says in a sentence what is wrong with a command line.</summary>
internal static class UsageErrors
{
    /// <summary>The command as it is typed, for example "greentune models list".</summary>
    public static string PathOf(Command command)
    {
        Command? parent = command.Parents.OfType<Command>().FirstOrDefault();
        return parent is null ? "greentune" : $"{PathOf(parent)} {command.Name}";
    }

    public static string Sentence(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (parsed.UnmatchedTokens.Count > 0)
            return Unmatched(command, parsed.UnmatchedTokens[0]);
        if (command.Subcommands.Count > 0)
            return $"{PathOf(command)} needs a command: {CommandsOf(command)}";
        ParseError error = parsed.Errors[0];
        return error.SymbolResult switch
        {
            // What is wrong with a value was said by the option's own parser.
            ArgumentResult { Tokens.Count: 0, Argument: var argument } when command.Arguments.Contains(argument) => $"{PathOf(command)} needs <{argument.Name}>: {Lower(argument.Description)}",
            OptionResult { IdentifierTokenCount: 0, Option: var option } => $"{PathOf(command)} needs {option.Name}: {Lower(option.Description)}",
            OptionResult { Tokens.Count: 0, Option: var option } => $"{option.Name} needs a value: {Lower(option.Description)}",
            CommandResult when command.Arguments.FirstOrDefault(a => a.Arity.MinimumNumberOfValues > 0 && parsed.GetResult(a) is null or { Tokens.Count: 0 }) is { } missing =>
                $"{PathOf(command)} needs <{missing.Name}>: {Lower(missing.Description)}",
            _ => error.Message.TrimEnd('.'),
        };
    }

    private static string Unmatched(Command command, string token)
    {
        if (token.StartsWith('-'))
        {
            string options = string.Join(", ", command.Options.Where(o => !o.Hidden).Select(o => o.Name));
            return $"{PathOf(command)} has no option {token}; it has {options}";
        }
        return command.Subcommands.Count > 0
            ? $"{PathOf(command)} has no command '{token}'; it has {CommandsOf(command)}"
            : $"{PathOf(command)} takes no further argument, and '{token}' is one; put a text with spaces in quotation marks";
    }

    private static string CommandsOf(Command command) => string.Join(", ", command.Subcommands.Select(c => c.Name));

    private static string Lower(string? description)
    {
        string sentence = (description ?? "a value").Split(". ")[0].TrimEnd('.');
        return char.ToLowerInvariant(sentence[0]) + sentence[1..];
    }
}
