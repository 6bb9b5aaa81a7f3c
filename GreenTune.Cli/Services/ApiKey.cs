using System.CommandLine;
using GreenTune.Cli.CommandLine;

namespace GreenTune.Cli.Services;

/// <summary>The API key that a command shows to services: --api-key, else the variable GREENTUNE_API_KEY, else none.</summary>
internal static class ApiKey
{
    public const string Variable = "GREENTUNE_API_KEY";

    /// <summary>Of the command that runs, in however many threads.</summary>
    private static readonly AsyncLocal<string?> Chosen = new();

    /// <summary>The key of this command; null for none.</summary>
    public static string? Current => Chosen.Value;

    /// <summary>The option, for all commands below the one that gets it.</summary>
    public static Option<string?> Option() => new("--api-key")
    {
        Description = $"API key to show to the services, for example gt_...; the variable {Variable} keeps it out of the shell's history.",
        HelpName = "key",
        Recursive = true,
    };

    /// <summary>Takes the key of a command line.</summary>
    /// <exception cref="BadUsageException">It is no header's value.</exception>
    public static void Use(ParseResult parsed, Option<string?> option)
    {
        string? key = parsed.GetValue(option) ?? Environment.GetEnvironmentVariable(Variable);
        key = string.IsNullOrWhiteSpace(key) ? null : key.Trim();
        if (key is not null && !key.All(c => c is > ' ' and <= '~'))
            throw new BadUsageException($"--api-key (or {Variable}) has characters that no key has; it looks like gt_ and 43 characters of [A-Za-z0-9_-]");
        Chosen.Value = key;
    }
}
