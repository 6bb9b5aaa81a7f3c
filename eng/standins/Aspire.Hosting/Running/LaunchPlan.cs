using System.Runtime.InteropServices;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>Everything that one process needs to start, and where to ask for its health.</summary>
internal sealed record LaunchPlan(
    string Name,
    ProjectResource Project,
    string Program,
    IReadOnlyList<string> Arguments,
    string WorkingDirectory,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyList<HealthQuestion> Health)
{
    /// <summary>Plans of a project's replicas. With one replica the process is named like the project, otherwise name-1, name-2, ...</summary>
    public static async Task<IReadOnlyList<LaunchPlan>> ForAsync(AppModel model, ProjectResource project, bool colour, CancellationToken cancellationToken)
    {
        var target = ProjectTargets.PathOf(project.Name, project.Metadata);
        var arguments = project.Annotations.OfType<LaunchProfileAnnotation>().LastOrDefault()?.Profile.CommandLineArgs is { Length: > 0 } line
            ? line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            : [];
        var plans = new List<LaunchPlan>();
        for (var replica = 0; replica < project.Replicas; replica++)
        {
            var name = NameOf(project, replica);
            plans.Add(new LaunchPlan(
                name,
                project,
                DotNet(),
                [target, .. arguments],
                Path.GetDirectoryName(project.Metadata.ProjectPath)!,
                await ChildEnvironment.BuildAsync(model, project, replica, name, colour, cancellationToken).ConfigureAwait(false),
                [.. project.Annotations.OfType<HttpHealthCheckAnnotation>().Select(check => HealthQuestion.For(check, replica))]));
        }

        return plans;
    }

    public static string NameOf(ProjectResource project, int replica) => project.Replicas == 1 ? project.Name : $"{project.Name}-{replica + 1}";

    /// <summary>The `dotnet` of the runtime that AppHost itself runs on: it is there, whatever PATH says.</summary>
    private static string DotNet()
    {
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        var dotnet = Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return File.Exists(dotnet) ? dotnet : "dotnet";
    }
}

/// <summary>GET this address; healthy on this status alone.</summary>
internal sealed record HealthQuestion(Uri Address, int Expected)
{
    public static HealthQuestion For(HttpHealthCheckAnnotation check, int replica)
    {
        var endpoint = check.Endpoint.EndpointAnnotation.Replicas[replica];
        // A wildcard is an address to listen on, not one to ask.
        var host = endpoint.Address is "*" or "+" or "0.0.0.0" or "[::]" ? "localhost" : endpoint.Address;
        return new HealthQuestion(new Uri($"{endpoint.UriScheme}://{host}:{endpoint.Port}{check.Path}"), check.StatusCode);
    }
}
