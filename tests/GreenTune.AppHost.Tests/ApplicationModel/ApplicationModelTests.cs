using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace GreenTune.AppHost.Tests.ApplicationModel;

public sealed class ApplicationModelTests
{
    private readonly IDistributedApplicationBuilder _builder = DistributedApplication.CreateBuilder();

    private sealed class Project(LaunchSettings? settings) : IProjectMetadata
    {
        public Project()
            : this(new LaunchSettings
            {
                Profiles =
                {
                    ["docker"] = new() { CommandName = "Docker" },
                    ["plain"] = new() { CommandName = "Project", ApplicationUrl = "http://localhost:5101;https://localhost:7101;http://0.0.0.0:5111" },
                    ["other"] = new() { CommandName = "Project", ApplicationUrl = "http://localhost:6000" },
                },
            })
        {
        }

        public string ProjectPath => "/src/Project/Project.csproj";

        public LaunchSettings? LaunchSettings { get; } = settings;
    }

    private static List<(string Name, string Scheme, string Host, int? Port)> Endpoints(IResourceBuilder<ProjectResource> project)
        => [.. project.Resource.Annotations.OfType<EndpointAnnotation>().Select(endpoint => (endpoint.Name, endpoint.UriScheme, endpoint.TargetHost, endpoint.Port))];

    [Fact]
    public void Endpoints_come_from_the_first_profile_that_starts_the_project()
        => Assert.Equal(
            [("http", "http", "localhost", 5101), ("https", "https", "localhost", 7101), ("http2", "http", "0.0.0.0", 5111)],
            Endpoints(_builder.AddProject<Project>("inference")));

    [Fact]
    public void A_profile_can_be_chosen_or_left_out()
    {
        Assert.Equal([("http", "http", "localhost", 6000)], Endpoints(_builder.AddProject<Project>("a", "other")));
        Assert.Empty(Endpoints(_builder.AddProject<Project>("b", launchProfileName: null)));
        var error = Assert.Throws<DistributedApplicationException>(() => _builder.AddProject<Project>("c", "https"));
        Assert.Contains("docker, plain, other", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_endpoint_is_changed_in_place_or_made()
    {
        var project = _builder.AddProject<Project>("a", "other")
            .WithEndpoint("http", endpoint => endpoint.Port = 6001)
            .WithEndpoint("absent", endpoint => endpoint.Port = 1, createIfNotExists: false)
            .WithHttpEndpoint(port: 6002, name: "admin");
        Assert.Equal([("http", "http", "localhost", 6001), ("admin", "http", "localhost", 6002)], Endpoints(project));
        var error = Assert.Throws<DistributedApplicationException>(() => project.WithHttpEndpoint());
        Assert.Contains("has an endpoint 'http' already", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1st", "start with a letter")]
    [InlineData("a_b", "letters, digits and hyphens")]
    [InlineData("a--b", "hyphen stands between")]
    [InlineData("a-", "hyphen stands between")]
    [InlineData("a2345678901234567890123456789012345678901234567890123456789012345", "longer than 64")]
    public void A_name_that_cannot_be_one_says_why(string name, string why)
        => Assert.Contains(why, Assert.Throws<ArgumentException>(() => new ProjectResource(name)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_name_is_given_once()
    {
        _builder.AddParameter("zone", "DE");
        Assert.Throws<DistributedApplicationException>(() => _builder.AddParameter("Zone", "FR"));
    }

    [Fact]
    public void Health_needs_an_endpoint_and_a_path_with_a_slash()
    {
        Assert.Throws<DistributedApplicationException>(() => _builder.AddProject<Project>("a", launchProfileName: null).WithHttpHealthCheck("/health"));
        Assert.Throws<ArgumentException>(() => _builder.AddProject<Project>("b").WithHttpHealthCheck("health"));
    }

    [Fact]
    public void An_address_is_not_known_before_the_start()
    {
        var error = Assert.Throws<InvalidOperationException>(() => _builder.AddProject<Project>("a").GetEndpoint("http").Url);
        Assert.Contains("not known before the application starts", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InvalidOperationException>(() => _builder.AddProject<Project>("b").GetEndpoint("grpc").EndpointAnnotation);
        Assert.Contains("http, https, http2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_parameter_comes_from_configuration_before_its_default()
    {
        _builder.Configuration["Parameters:grid_zone"] = "FR";
        Assert.Equal("FR", await _builder.AddParameter("grid-zone", "DE").Resource.GetValueAsync(CancellationToken.None));
        Assert.Equal("DE", await _builder.AddParameter("other", "DE").Resource.GetValueAsync(CancellationToken.None));
        var error = await Assert.ThrowsAsync<MissingParameterValueException>(async () => await _builder.AddParameter("absent").Resource.GetValueAsync(CancellationToken.None));
        Assert.Contains("--Parameters:absent=", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => _builder.AddParameter("key", "x", publishValueAsDefault: true, secret: true));
    }

    [Fact]
    public async Task An_expression_is_text_and_values_with_braces_kept()
    {
        var zone = _builder.AddParameter("zone", "DE");
        var expression = ReferenceExpression.Create($"{{\"zone\": \"{zone}\", \"fixed\": \"{"{x}"}\"}}");
        Assert.Equal("{\"zone\": \"DE\", \"fixed\": \"{x}\"}", await expression.GetValueAsync(CancellationToken.None));
        Assert.Equal("{\"zone\": \"{zone.value}\", \"fixed\": \"{x}\"}", expression.ValueExpression);
    }

    [Fact]
    public void Launch_settings_that_cannot_be_read_are_named()
    {
        var folder = Directory.CreateTempSubdirectory("greentune-tests");
        try
        {
            Directory.CreateDirectory(Path.Combine(folder.FullName, "Properties"));
            File.WriteAllText(Path.Combine(folder.FullName, "Properties", "launchSettings.json"), "{ not json");
            var error = Assert.Throws<DistributedApplicationException>(() => LaunchSettings.Read(Path.Combine(folder.FullName, "X.csproj")));
            Assert.Contains("launchSettings.json cannot be read", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
