namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value that is known only once the application starts, for example a URL whose port is still to be chosen.</summary>
public interface IValueProvider
{
    ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default);
}

/// <summary>The same value as a placeholder, for example `{inference.bindings.http.url}`.</summary>
public interface IManifestExpressionProvider
{
    string ValueExpression { get; }
}

public interface IExpressionValue : IValueProvider, IManifestExpressionProvider;

/// <summary>A resource that others reach by a connection string.</summary>
public interface IResourceWithConnectionString : IResource, IExpressionValue
{
    /// <summary>Name of the variable that carries it, where that is not ConnectionStrings__{name}.</summary>
    string? ConnectionStringEnvironmentVariable { get; }

    ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default);
}
