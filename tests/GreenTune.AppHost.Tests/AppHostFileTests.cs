using System.Text.Json;

namespace GreenTune.AppHost.Tests;

/// <summary>The AppHost's own files, whichever feed it is built for.</summary>
public sealed class AppHostFileTests
{
    private static readonly JsonDocumentOptions Json = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private static JsonElement Profile(string project)
    {
        using var settings = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, project, "Properties", "launchSettings.json")), Json);
        return settings.RootElement.GetProperty("profiles").GetProperty("http").Clone();
    }

    [Theory]
    [InlineData("GreenTune.Dashboard", "http://localhost:5100")]
    [InlineData("GreenTune.Inference", "http://localhost:5101")]
    [InlineData("GreenTune.Accounting", "http://localhost:5102")]
    public void The_services_have_the_addresses_that_the_design_promises(string project, string address)
        => Assert.Equal(address, Profile(project).GetProperty("applicationUrl").GetString());

    [Fact]
    public void The_apphost_has_the_variables_that_aspire_asks_for()
    {
        var variables = Profile("GreenTune.AppHost").GetProperty("environmentVariables");
        foreach (var name in (string[])["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"])
        {
            Assert.True(Uri.TryCreate(variables.GetProperty(name).GetString(), UriKind.Absolute, out var address));
            Assert.True(address!.IsLoopback);
        }

        Assert.Equal("true", variables.GetProperty("ASPIRE_ALLOW_UNSECURED_TRANSPORT").GetString());
    }
}
