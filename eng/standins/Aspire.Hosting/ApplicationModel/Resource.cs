using System.Collections.ObjectModel;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Base of all resources. A name has 1 to 64 ASCII letters, digits and single hyphens, and starts with a letter.</summary>
public abstract class Resource : IResource
{
    protected Resource(string name)
    {
        ResourceName.Check(name);
        Name = name;
    }

    public virtual string Name { get; }

    public virtual ResourceAnnotationCollection Annotations { get; } = [];
}

public sealed class ResourceAnnotationCollection : Collection<IResourceAnnotation>;

internal sealed class ResourceCollection : Collection<IResource>, IResourceCollection;

internal static class ResourceName
{
    public static void Check(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var reason =
            name.Length > 64 ? "it is longer than 64 characters"
            : !char.IsAsciiLetter(name[0]) ? "it has to start with a letter"
            : name.Any(character => !char.IsAsciiLetterOrDigit(character) && character != '-') ? "only letters, digits and hyphens are allowed"
            : name.Contains("--", StringComparison.Ordinal) || name[^1] == '-' ? "a hyphen stands between letters or digits"
            : null;
        if (reason is not null)
        {
            throw new ArgumentException($"'{name}' is no name for a resource: {reason}. Example: carbon-source", nameof(name));
        }
    }
}
