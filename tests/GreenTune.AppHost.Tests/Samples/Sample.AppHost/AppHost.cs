using Microsoft.Extensions.Configuration;

// store <- engine <- web, as the tests' scenario (SAMPLE_SCENARIO) wants them.
var scenario = Environment.GetEnvironmentVariable("SAMPLE_SCENARIO") ?? "chain";
var builder = DistributedApplication.CreateBuilder(args);
var ports = builder.Configuration.GetSection("Ports");

var store = Add("store");
if (scenario == "missing")
{
    builder.AddProject<NeverBuilt>("ghost").WaitFor(store);
}

if (scenario is "chain" or "replicas" or "crash" or "slow")
{
    var records = builder.AddConnectionString("records");
    var zone = builder.AddParameter("grid-zone", "DE");
    var engine = Add("engine").WithReference(store).WaitFor(store);
    var web = Add("web")
        .WithExternalHttpEndpoints()
        .WithReference(engine)
        .WithReference(store)
        .WithReference(records)
        .WithReference("carbon", new Uri("https://carbon.example.org/"))
        .WithEnvironment("GRID_ZONE", zone)
        .WithEnvironment("ENGINE_BASE", $"{engine.GetEndpoint("http")}/v1")
        .WithEnvironment("ENGINE_PORT", engine.GetEndpoint("http").Property(EndpointProperty.Port).ToExpression())
        .WithEnvironment("LATE", () => "evaluated at the start")
        .WaitFor(engine);
    _ = scenario switch
    {
        "replicas" => engine.WithReplicas(3),
        "crash" => engine.WithEnvironment("SAMPLE_EXIT_AT_START", "3"),
        "slow" => web.WithEnvironment("SAMPLE_STOP_SECONDS", "60"),
        _ => engine,
    };
}

builder.Build().Run();

// The launch profile's port is for people; tests run side by side on free ports unless they ask for one.
IResourceBuilder<ProjectResource> Add(string name) => builder.AddProject<Projects.Sample_Service>(name)
    .WithEndpoint("http", endpoint => endpoint.Port = ports.GetValue<int?>(name))
    .WithHttpHealthCheck("/health");

internal static class Expressions
{
    public static ReferenceExpression ToExpression(this EndpointReferenceExpression property) => ReferenceExpression.Create($"{property}");
}

internal sealed class NeverBuilt : IProjectMetadata
{
    public string ProjectPath => "/nowhere/Ghost.csproj";
}
