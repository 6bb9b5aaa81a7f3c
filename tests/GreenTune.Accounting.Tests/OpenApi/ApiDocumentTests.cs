using System.Net;
using System.Text.Json;
using GreenTune.Accounting.OpenApi;
using GreenTune.Accounting.Tests.Hosting;
using Microsoft.AspNetCore.Routing;

namespace GreenTune.Accounting.Tests.OpenApi;

public sealed class ApiDocumentTests(SharedHost shared) : IClassFixture<SharedHost>
{
    [Fact]
    public async Task Every_route_is_in_the_document_with_a_summary_an_answer_and_its_problems()
    {
        JsonElement paths = (await DocumentAsync()).GetProperty("paths");
        var missing = new List<string>();
        int calls = 0;
        foreach (RouteEndpoint endpoint in shared.Host.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>())
        {
            string route = ApiDocument.Plain(endpoint.RoutePattern.RawText ?? "");
            foreach (string method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [])
            {
                if (!route.StartsWith("/api/", StringComparison.Ordinal))
                {
                    continue;
                }

                calls++;
                string name = $"{method} {route}";
                if (!paths.TryGetProperty(route, out JsonElement path) || !path.TryGetProperty(method.ToLowerInvariant(), out JsonElement operation))
                {
                    missing.Add(name);
                    continue;
                }

                if (!operation.TryGetProperty("summary", out JsonElement summary) || summary.GetString()!.Length < 10)
                {
                    missing.Add($"{name}: summary");
                }

                string[] statuses = [.. operation.GetProperty("responses").EnumerateObject().Select(response => response.Name)];
                if (!statuses.Any(status => status.StartsWith('2')) || !statuses.Contains("503"))
                {
                    missing.Add($"{name}: responses {string.Join(", ", statuses)}");
                }
            }
        }

        Assert.Empty(missing);
        Assert.True(calls >= 30, $"{calls} calls");
    }

    [Fact]
    public async Task Every_call_of_the_catalog_exists_with_its_parameters_and_body()
    {
        JsonElement paths = (await DocumentAsync()).GetProperty("paths");
        foreach ((string name, ApiCall call) in ApiCatalog.Calls)
        {
            string[] parts = name.Split(' ');
            JsonElement operation = paths.GetProperty(parts[1]).GetProperty(parts[0].ToLowerInvariant());
            Assert.Equal(call.Body is not null, operation.TryGetProperty("requestBody", out _));
            string[] described = operation.TryGetProperty("parameters", out JsonElement parameters)
                ? [.. parameters.EnumerateArray().Where(parameter => parameter.GetProperty("in").GetString() == "query").Select(parameter => parameter.GetProperty("name").GetString()!)]
                : [];
            Assert.Equal(call.Query.Select(parameter => parameter.Name), described);
        }
    }

    [Fact]
    public async Task The_described_parameters_are_those_that_each_call_reads()
    {
        foreach ((string name, ApiCall call) in ApiCatalog.Calls.Where(call => call.Key.StartsWith("GET ", StringComparison.Ordinal)))
        {
            JsonElement problem = await shared.Host.RefusedAsync(HttpMethod.Get, name[4..].Replace("{session}", "s", StringComparison.Ordinal) + "?nonsense=1", null, HttpStatusCode.BadRequest);
            string message = problem.GetProperty("errors").GetProperty("nonsense")[0].GetString()!;
            string[] read = message[(message.LastIndexOf(':') + 2)..].TrimEnd('.').Split(", ");
            Assert.Equal(call.Query.Select(parameter => parameter.Name).Order(StringComparer.Ordinal), read.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task Units_are_numbers_and_contracts_have_their_comments()
    {
        JsonElement document = await DocumentAsync();
        JsonElement summary = document.GetProperty("components").GetProperty("schemas").GetProperty("SciReport").GetProperty("properties");
        Assert.Contains("number", document.GetProperty("components").GetProperty("schemas").GetProperty("GramsPerKilowattHour").GetRawText(), StringComparison.Ordinal);
        Assert.True(summary.TryGetProperty("gramsPerUnit", out _));
    }

    private async Task<JsonElement> DocumentAsync() => await shared.Host.GetAsync<JsonElement>("/openapi/v1.json");
}
