using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace GreenTune.ServiceDefaults.Tests.Health;

public sealed class HealthTests
{
    [Theory]
    [InlineData("Development")]
    [InlineData("Production")]
    public async Task A_ready_service_is_healthy_and_alive_in_every_environment(string environment)
    {
        await using var service = await TestService.StartAsync(environment: environment);
        foreach (var path in (string[])["/health", "/alive"])
        {
            using var response = await service.Client.GetAsync(path);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("Healthy", (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString());
        }
    }

    [Fact]
    public async Task A_service_that_is_not_ready_says_why_and_is_alive()
    {
        await using var service = await TestService.StartAsync(configure: builder => builder.Services.AddHealthChecks()
            .AddCheck("models", () => HealthCheckResult.Unhealthy("building greentune-tiny int4 (2 of 6)"))
            .AddCheck("database", () => HealthCheckResult.Unhealthy(exception: new IOException("disk full"))));
        using var health = await service.Client.GetAsync("/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        var checks = (await health.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("checks").EnumerateArray().ToDictionary(check => check.GetProperty("name").GetString()!);
        Assert.Equal("building greentune-tiny int4 (2 of 6)", checks["models"].GetProperty("description").GetString());
        Assert.Equal("Unhealthy", checks["models"].GetProperty("status").GetString());
        Assert.Equal("disk full", checks["database"].GetProperty("description").GetString());
        Assert.Equal("Healthy", checks["self"].GetProperty("status").GetString());

        using var alive = await service.Client.GetAsync("/alive");
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
        Assert.Single((await alive.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("checks").EnumerateArray());
    }
}
