using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;

var builder = DistributedApplication.CreateBuilder(args);

// --Ports:inference=5201, or Ports__inference in the environment, moves a service; the others are told where it is.
var ports = builder.Configuration.GetSection("Ports");

// What the services show one another, new for each run unless it is given; keys for clients are off while everything listens on loopback.
var serviceKey = builder.Configuration["Access:ServiceKey"] ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

var accounting = builder.AddProject<Projects.GreenTune_Accounting>("accounting")
    .WithEndpoint("http", endpoint => endpoint.Port = ports.GetValue("accounting", endpoint.Port))
    .WithHttpHealthCheck("/health");

// ConnectionStrings:accounting (ConnectionStrings__accounting in the environment) puts the books into PostgreSQL instead of SQLite.
if (builder.Configuration.GetConnectionString("accounting") is { Length: > 0 } books)
{
    accounting.WithEnvironment("ConnectionStrings__accounting", builder.AddParameter("accounting-books", books, secret: true));
}

var inference = builder.AddProject<Projects.GreenTune_Inference>("inference")
    .WithEndpoint("http", endpoint => endpoint.Port = ports.GetValue("inference", endpoint.Port))
    .WithHttpHealthCheck("/health")
    .WithReference(accounting)
    .WaitFor(accounting);

var dashboard = builder.AddProject<Projects.GreenTune_Dashboard>("dashboard")
    .WithEndpoint("http", endpoint => endpoint.Port = ports.GetValue("dashboard", endpoint.Port))
    .WithHttpHealthCheck("/health")
    .WithExternalHttpEndpoints()
    .WithReference(inference)
    .WithReference(accounting)
    .WaitFor(inference)
    .WaitFor(accounting);

// Aspire records prompts and answers in traces during development; GreenTune keeps them out unless someone says otherwise.
foreach (var service in (IResourceBuilder<ProjectResource>[])[accounting, inference, dashboard])
{
    service.WithEnvironment(
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        builder.Configuration["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] ?? "false");
    service.WithEnvironment("Access__ServiceKey", serviceKey);
    if (builder.Configuration["Access:RequireKeys"] is { Length: > 0 } requireKeys)
    {
        service.WithEnvironment("Access__RequireKeys", requireKeys);
    }
}

if (builder.Configuration["Access:BootstrapKey"] is { Length: > 0 } bootstrapKey)
{
    accounting.WithEnvironment("Access__BootstrapKey", bootstrapKey);
}

builder.Build().Run();
