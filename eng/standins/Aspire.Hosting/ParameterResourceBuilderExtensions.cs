using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

public static class ParameterResourceBuilderExtensions
{
    /// <summary>A value from configuration `Parameters:{name}`; a hyphen of the name may be an underscore there.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, bool secret = false)
        => builder.AddResource(new ParameterResource(name, _ => Read(builder.Configuration, name) ?? throw Missing("Parameter", "Parameters", name), secret));

    /// <summary>A value that configuration may replace.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, string value, bool publishValueAsDefault = false, bool secret = false)
        => builder.AddParameter(name, () => value, publishValueAsDefault, secret);

    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, Func<string> valueGetter, bool publishValueAsDefault = false, bool secret = false)
    {
        if (publishValueAsDefault && secret)
        {
            throw new ArgumentException($"Parameter '{name}' is a secret, so its value is not published as a default.", nameof(publishValueAsDefault));
        }

        return builder.AddResource(new ParameterResource(name, _ => Read(builder.Configuration, name) ?? valueGetter(), secret));
    }

    /// <summary>A connection string from `ConnectionStrings:{name}`.</summary>
    public static IResourceBuilder<IResourceWithConnectionString> AddConnectionString(this IDistributedApplicationBuilder builder, string name, string? environmentVariableName = null)
        => builder.AddResource(new ConnectionStringParameterResource(
            name,
            _ => builder.Configuration.GetConnectionString(name) is { Length: > 0 } value ? value : throw Missing("Connection string", "ConnectionStrings", name),
            environmentVariableName));

    private static string? Read(ConfigurationManager configuration, string name)
        => configuration[$"Parameters:{name}"] ?? configuration[$"Parameters:{name.Replace('-', '_')}"];

    private static MissingParameterValueException Missing(string what, string section, string name)
        => new($"{what} '{name}' has no value. Set --{section}:{name}=... or the environment variable {section}__{name}.");
}
