using System.Reflection;

namespace Aspire.Hosting.Running;

/// <summary>
/// Where the built programs are. Aspire's generated classes know the project file alone, since DCP runs `dotnet run`; here
/// build/Aspire.Hosting.AppHost.targets also leaves each project's output as metadata of AppHost's assembly.
/// </summary>
internal static class ProjectTargets
{
    private const string TargetKey = "Aspire.Hosting.Target:";
    private const string DirectoryKey = "Aspire.Hosting.AppHostDirectory";

    public static string? DirectoryOf(Assembly? appHost) => Find(appHost, DirectoryKey);

    public static string PathOf(string resource, IProjectMetadata project)
    {
        var target = Find(project.GetType().Assembly, TargetKey + project.ProjectPath)
            ?? throw new DistributedApplicationException($"'{resource}': nothing says where {project.ProjectPath} is built to. Refer to it from the AppHost project: <ProjectReference Include=\"...\" />.");
        return File.Exists(target)
            ? target
            : throw new DistributedApplicationException($"'{resource}' cannot start: {target} is not there. Build it first, for example with `dotnet build {project.ProjectPath}`, or run the AppHost without --no-build.");
    }

    private static string? Find(Assembly? assembly, string key)
        => assembly?.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(metadata => metadata.Key == key)?.Value;
}
