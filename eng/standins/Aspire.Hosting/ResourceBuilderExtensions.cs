using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;

namespace Aspire.Hosting;

public static partial class ResourceBuilderExtensions
{
    /// <summary>Starts this resource only when the other one runs and all its health checks pass.</summary>
    public static IResourceBuilder<T> WaitFor<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency)
        where T : IResourceWithWaitSupport
        => builder.Wait(dependency, WaitType.WaitUntilHealthy);

    /// <summary>Starts this resource when the other one's process has started.</summary>
    public static IResourceBuilder<T> WaitForStart<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency)
        where T : IResourceWithWaitSupport
        => builder.Wait(dependency, WaitType.WaitUntilStarted);

    public static EndpointReference GetEndpoint<T>(this IResourceBuilder<T> builder, string name)
        where T : IResourceWithEndpoints
        => new(builder.Resource, name);

    /// <summary>Changes an endpoint, for example its port. Without an endpoint of that name, one is made unless told otherwise.</summary>
    public static IResourceBuilder<T> WithEndpoint<T>(this IResourceBuilder<T> builder, string endpointName, Action<EndpointAnnotation> callback, bool createIfNotExists = true)
        where T : IResourceWithEndpoints
    {
        var endpoint = builder.Resource.Annotations.OfType<EndpointAnnotation>().FirstOrDefault(one => string.Equals(one.Name, endpointName, StringComparison.OrdinalIgnoreCase));
        if (endpoint is null)
        {
            if (!createIfNotExists)
            {
                return builder;
            }

            endpoint = new EndpointAnnotation(ProtocolType.Tcp, name: endpointName);
            callback(endpoint);
            return builder.WithAnnotation(endpoint);
        }

        callback(endpoint);
        return builder;
    }

    /// <summary>Adds an endpoint, named "http" unless told otherwise. <paramref name="env"/> is a variable that gets its port.</summary>
    public static IResourceBuilder<T> WithHttpEndpoint<T>(this IResourceBuilder<T> builder, int? port = null, int? targetPort = null, string? name = null, string? env = null, bool isProxied = true)
        where T : IResourceWithEndpoints
    {
        var endpoint = new EndpointAnnotation(ProtocolType.Tcp, uriScheme: "http", name: name, port: port, targetPort: targetPort, isProxied: isProxied) { PortEnvironmentVariable = env };
        if (builder.Resource.Annotations.OfType<EndpointAnnotation>().Any(one => string.Equals(one.Name, endpoint.Name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new DistributedApplicationException($"'{builder.Resource.Name}' has an endpoint '{endpoint.Name}' already. Give this one a name, or change that one: .WithEndpoint(\"{endpoint.Name}\", endpoint => endpoint.Port = ...)");
        }

        return builder.WithAnnotation(endpoint);
    }

    /// <summary>Marks the http and https endpoints so far as meant for people; they come first in the table of addresses.</summary>
    public static IResourceBuilder<T> WithExternalHttpEndpoints<T>(this IResourceBuilder<T> builder)
        where T : IResourceWithEndpoints
    {
        foreach (var endpoint in builder.Resource.Annotations.OfType<EndpointAnnotation>().Where(endpoint => endpoint.IsHttp))
        {
            endpoint.IsExternal = true;
        }

        return builder;
    }

    /// <summary>Asks <paramref name="path"/> ("/") on the endpoint (http, else https) and expects <paramref name="statusCode"/> (200).</summary>
    public static IResourceBuilder<T> WithHttpHealthCheck<T>(this IResourceBuilder<T> builder, string? path = null, int? statusCode = null, string? endpointName = null)
        where T : IResourceWithEndpoints
    {
        var endpoints = builder.Resource.Annotations.OfType<EndpointAnnotation>().ToList();
        endpointName ??= (endpoints.Find(endpoint => endpoint.UriScheme == "http") ?? endpoints.Find(endpoint => endpoint.UriScheme == "https"))?.Name
            ?? throw new DistributedApplicationException($"'{builder.Resource.Name}' has no http endpoint to ask for its health. Give its launch profile an applicationUrl, or call WithHttpEndpoint before WithHttpHealthCheck.");
        path ??= "/";
        if (!path.StartsWith('/'))
        {
            throw new ArgumentException($"'{path}' has to start with a slash, for example /health.", nameof(path));
        }

        var expected = statusCode ?? 200;
        var endpoint = new EndpointReference(builder.Resource, endpointName);
        return builder.WithAnnotation(new HttpHealthCheckAnnotation($"{builder.Resource.Name}_{endpointName}_{path}_{expected}_check", endpoint, path, expected));
    }

    private static IResourceBuilder<T> Wait<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency, WaitType type)
        where T : IResourceWithWaitSupport
    {
        if (ReferenceEquals(builder.Resource, dependency.Resource))
        {
            throw new DistributedApplicationException($"'{builder.Resource.Name}' cannot wait for itself.");
        }

        builder.WithAnnotation(new WaitAnnotation(dependency.Resource, type));
        StartOrder.RefuseCycle(builder.Resource);
        return builder;
    }
}
