using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>Who starts after whom.</summary>
internal static class StartOrder
{
    public static IEnumerable<IResource> Dependencies(IResource resource) =>
        resource.Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource).Distinct();

    /// <summary>Throws when the resource waits for itself through others, and names the circle.</summary>
    public static void RefuseCycle(IResource resource)
    {
        if (Path(resource, resource, []) is { } circle)
        {
            throw new DistributedApplicationException($"WaitFor makes a circle: {string.Join(" waits for ", circle.Select(one => one.Name))}.");
        }
    }

    /// <summary>Groups in the order of starting; nobody waits for one of its own group. Stopping goes backwards.</summary>
    public static IReadOnlyList<IReadOnlyList<ProjectResource>> Levels(IEnumerable<ProjectResource> projects)
    {
        var depths = new Dictionary<IResource, int>();
        return [.. projects.GroupBy(Depth).OrderBy(level => level.Key).Select(level => (IReadOnlyList<ProjectResource>)[.. level])];

        int Depth(IResource resource)
        {
            if (!depths.TryGetValue(resource, out var depth))
            {
                depth = Dependencies(resource).Select(dependency => Depth(dependency) + 1).DefaultIfEmpty(0).Max();
                depths[resource] = depth;
            }

            return depth;
        }
    }

    private static IReadOnlyList<IResource>? Path(IResource from, IResource to, HashSet<IResource> seen)
    {
        foreach (var next in Dependencies(from))
        {
            if (ReferenceEquals(next, to))
            {
                return [from, to];
            }

            if (seen.Add(next) && Path(next, to, seen) is { } rest)
            {
                return [from, .. rest];
            }
        }

        return null;
    }
}
