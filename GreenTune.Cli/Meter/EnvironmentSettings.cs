using System.Globalization;
using System.Reflection;
using GreenTune.Cli.CommandLine;
using GreenTune.Metering;

namespace GreenTune.Cli.Meter;

/// <summary>
/// Settings from environment variables by the names that the services read: Metering__Cpu__TdpWatts is Metering:Cpu:TdpWatts.
/// </summary>
internal static class EnvironmentSettings
{
    private const string Separator = "__";

    /// <exception cref="BadUsageException">A variable cannot be used; the message names it.</exception>
    public static MeteringOptions Metering(IReadOnlyDictionary<string, string> variables)
    {
        var options = new MeteringOptions();
        foreach ((string name, string value) in variables.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (name.StartsWith(MeteringOptions.Section + Separator, StringComparison.OrdinalIgnoreCase))
                Set(options, name, name.Split(Separator)[1..], value);
        }
        return options.Validate() is [var wrong, ..] ? throw new BadUsageException(wrong) : options;
    }

    /// <summary>A variable's value; null where it is not set or blank.</summary>
    public static string? Value(IReadOnlyDictionary<string, string> variables, string name) =>
        variables.TryGetValue(name, out string? value) && !string.IsNullOrWhiteSpace(value) ? value.Trim() : null;

    private static void Set(object options, string name, string[] path, string value)
    {
        object target = options;
        for (int i = 0; i < path.Length; i++)
        {
            // What this command does not know may be meant for a service.
            if (target.GetType().GetProperty(path[i], BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase) is not { } property)
                return;
            if (i < path.Length - 1)
            {
                if (property.GetValue(target) is not { } inner)
                    return;
                target = inner;
            }
            else if (property.CanWrite)
            {
                property.SetValue(target, Convert(name, property.PropertyType, value));
            }
        }
    }

    private static object? Convert(string name, Type type, string value)
    {
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        try
        {
            return plain == typeof(string) ? value
                : plain.IsEnum ? Enum.Parse(plain, value, ignoreCase: true)
                : plain == typeof(Uri) ? new Uri(value)
                : System.Convert.ChangeType(value, plain, CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is FormatException or InvalidCastException or OverflowException or ArgumentException)
        {
            string example = plain == typeof(double) ? "12.5" : plain == typeof(bool) ? "true" : plain == typeof(Uri) ? "http://localhost:9400/metrics" : "50";
            throw new BadUsageException($"the environment variable {name} is '{value}', which is no {plain.Name}; for example {name}={example}");
        }
    }
}
