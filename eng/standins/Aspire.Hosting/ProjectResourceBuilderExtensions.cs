using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Microsoft.AspNetCore.Http;

namespace Aspire.Hosting;

public static class ProjectResourceBuilderExtensions
{
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new()
        => builder.AddProject<TProject>(name, _ => { });

    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name, string? launchProfileName)
        where TProject : IProjectMetadata, new()
        => builder.AddProject<TProject>(name, options =>
        {
            options.LaunchProfileName = launchProfileName;
            options.ExcludeLaunchProfile = launchProfileName is null;
        });

    /// <summary>Adds a project. Its endpoints are those of the launch profile's applicationUrl.</summary>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name, Action<ProjectResourceOptions> configure)
        where TProject : IProjectMetadata, new()
    {
        var options = new ProjectResourceOptions();
        configure(options);
        var metadata = new TProject();
        var resource = new ProjectResource(name);
        resource.Annotations.Add(metadata);
        if (!options.ExcludeLaunchProfile && Choose(metadata, options.LaunchProfileName, builder) is { } chosen)
        {
            resource.Annotations.Add(chosen);
            foreach (var endpoint in Endpoints(chosen))
            {
                resource.Annotations.Add(endpoint);
            }
        }

        return builder.AddResource(resource);
    }

    /// <summary>
    /// Runs the project <paramref name="replicas"/> times. Aspire puts a proxy on the public port; here the first replica keeps that
    /// port, the others get free ones, and whoever refers to the project is given all their addresses.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> builder, int replicas)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(replicas, 1);
        return builder.WithAnnotation(new ReplicaAnnotation(replicas), ResourceAnnotationMutationBehavior.Replace);
    }

    private static LaunchProfileAnnotation? Choose(IProjectMetadata metadata, string? wanted, IDistributedApplicationBuilder builder)
    {
        var profiles = (metadata.LaunchSettings ?? LaunchSettings.Read(metadata.ProjectPath))?.Profiles;
        if (profiles is null)
        {
            return wanted is null ? null : throw new DistributedApplicationException($"{metadata.ProjectPath} has no launch profile '{wanted}': it has no Properties/launchSettings.json.");
        }

        if (wanted is not null)
        {
            return profiles.TryGetValue(wanted, out var asked)
                ? new LaunchProfileAnnotation(wanted, asked)
                : throw new DistributedApplicationException($"{metadata.ProjectPath} has no launch profile '{wanted}'. Its profiles: {string.Join(", ", profiles.Keys)}.");
        }

        // As Aspire does: the profile that AppHost itself runs with, else the first that starts the project.
        if (builder.Configuration["DOTNET_LAUNCH_PROFILE"] is { } own && profiles.TryGetValue(own, out var same) && same.CommandName == "Project")
        {
            return new LaunchProfileAnnotation(own, same);
        }

        return profiles.FirstOrDefault(profile => profile.Value.CommandName == "Project") is { Value: { } first, Key: var key }
            ? new LaunchProfileAnnotation(key, first)
            : null;
    }

    private static IEnumerable<EndpointAnnotation> Endpoints(LaunchProfileAnnotation chosen)
    {
        var seen = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var url in (chosen.Profile.ApplicationUrl ?? string.Empty).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            BindingAddress address;
            try
            {
                address = BindingAddress.Parse(url);
            }
            catch (FormatException e)
            {
                throw new DistributedApplicationException($"applicationUrl of launch profile '{chosen.LaunchProfileName}' has '{url}', which is no URL. Example: http://localhost:5101", e);
            }

            var count = seen[address.Scheme] = seen.GetValueOrDefault(address.Scheme) + 1;
            yield return new EndpointAnnotation(ProtocolType.Tcp, uriScheme: address.Scheme, name: count == 1 ? address.Scheme : address.Scheme + count, port: address.Port)
            {
                TargetHost = address.Host,
            };
        }
    }
}
