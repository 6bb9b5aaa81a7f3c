using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Running;

/// <summary>The application as AppHost.cs described it.</summary>
internal sealed record AppModel(
    IReadOnlyList<IResource> Resources,
    DistributedApplicationExecutionContext Context,
    IConfiguration Configuration,
    IHostEnvironment Environment,
    IReadOnlyList<string> Args,
    Assembly? AppHost)
{
    public IEnumerable<ProjectResource> Projects => Resources.OfType<ProjectResource>();

    public string AppHostName => AppHost?.GetName().Name ?? "AppHost";
}
