namespace Aspire.Hosting.ApplicationModel;

/// <summary>A part of the application: a project, a parameter, a connection string.</summary>
public interface IResource
{
    string Name { get; }

    ResourceAnnotationCollection Annotations { get; }
}

/// <summary>Something that is known about a resource, for example one of its endpoints.</summary>
public interface IResourceAnnotation;

/// <summary>A resource that runs with environment variables.</summary>
public interface IResourceWithEnvironment : IResource;

/// <summary>A resource that listens.</summary>
public interface IResourceWithEndpoints : IResource;

/// <summary>A resource that can start after another one.</summary>
public interface IResourceWithWaitSupport : IResource;

/// <summary>All resources of an application, in the order they were added.</summary>
public interface IResourceCollection : IList<IResource>;
