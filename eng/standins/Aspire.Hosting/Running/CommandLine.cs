using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Running;

/// <summary>What the command line asks for, or what is wrong with it.</summary>
internal sealed record CommandLine(bool Help, string? Error)
{
    public const int StartError = 1;
    public const int UsageError = 2;

    private const string SeeHelp = "See --help.";

    private static readonly string[] Sections = ["Ports", "Parameters", "ConnectionStrings"];

    public static CommandLine Check(AppModel model)
    {
        if (model.Args.Any(argument => argument is "--help" or "-h" or "-?"))
        {
            return new CommandLine(true, null);
        }

        return new CommandLine(false, model.Args.Select(argument => CheckOption(argument, model)).FirstOrDefault(error => error is not null) ?? CheckPortsOf(model));
    }

    /// <summary>Every Ports:{resource}, from the command line or the environment, is a port.</summary>
    public static string? CheckPorts(IConfiguration configuration)
    {
        foreach (var port in configuration.GetSection("Ports").GetChildren())
        {
            if (!int.TryParse(port.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 65535)
            {
                return $"Ports:{port.Key} is '{port.Value}'; a port is a number from 1 to 65535, for example --Ports:{port.Key}=5201.";
            }
        }

        return null;
    }

    private static string? CheckOption(string argument, AppModel model)
    {
        if (!argument.StartsWith("--", StringComparison.Ordinal))
        {
            return $"Unknown argument '{argument}'. {SeeHelp}";
        }

        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? argument[2..] : argument[2..equals];
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        var section = colon < 0 ? name : name[..colon];
        var known = string.Equals(name, "environment", StringComparison.OrdinalIgnoreCase)
            || (colon > 0 && Sections.Contains(section, StringComparer.OrdinalIgnoreCase));
        if (!known)
        {
            return $"Unknown option '--{name}'. {SeeHelp}";
        }

        if (equals < 0)
        {
            return $"Option '--{name}' has no value; write it with an equals sign, for example --{name}={(section == "Ports" ? "5201" : "value")}.";
        }

        return colon < 0 || string.Equals(section, "Ports", StringComparison.OrdinalIgnoreCase) ? null : CheckName(name, name[(colon + 1)..], model.Resources.OfType<ParameterResource>());
    }

    private static string? CheckPortsOf(AppModel model)
        => model.Configuration.GetSection("Ports").GetChildren().Select(port => CheckName($"Ports:{port.Key}", port.Key, model.Projects)).FirstOrDefault(error => error is not null);

    private static string? CheckName(string option, string name, IEnumerable<IResource> resources)
    {
        var names = resources.Select(resource => resource.Name).ToList();
        return names.Any(known => string.Equals(known, name, StringComparison.OrdinalIgnoreCase) || string.Equals(known.Replace('-', '_'), name, StringComparison.OrdinalIgnoreCase))
            ? null
            : $"Option '{option}' names '{name}', which is not there. Known: {(names.Count == 0 ? "none" : string.Join(", ", names))}.";
    }
}
