using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace GreenTune.Eng.Tests.Feed;

/// <summary>What each project refers to on either feed, evaluated by msbuild and never restored: a partial feed cannot restore a full one's graph.</summary>
public sealed partial class PackageGraphTests
{
    /// <summary>What a partial feed has in place of a package, and the package.</summary>
    private static readonly Dictionary<string, string> PackageOf = new()
    {
        ["Aspire.Hosting"] = "Aspire.Hosting.AppHost",
        ["Microsoft.EntityFrameworkCore.Sqlite.Core"] = "Microsoft.EntityFrameworkCore.Sqlite",
        ["Microsoft.ML.OnnxRuntime"] = "Microsoft.ML.OnnxRuntimeGenAI.Cuda",
        ["Microsoft.ML.OnnxRuntimeGenAI"] = "Microsoft.ML.OnnxRuntimeGenAI.Cuda",
        ["OpenTelemetry.Extensions.Hosting"] = "OpenTelemetry.Extensions.Hosting",
        ["SQLitePCLRaw.bundle_e_sqlite3"] = "Microsoft.EntityFrameworkCore.Sqlite",
        ["SQLitePCLRaw.core"] = "Microsoft.EntityFrameworkCore.Sqlite",
    };

    private static readonly ConcurrentDictionary<(string Project, string Feed), Task<Graph>> Known = new();

    private sealed record Graph(IReadOnlyList<string> Packages, IReadOnlyList<string> Projects, IReadOnlyDictionary<string, string> Versions)
    {
        public IEnumerable<string> StandIns => Projects.Where(IsStandIn).Select(Path.GetFileNameWithoutExtension).OfType<string>();

        public static bool IsStandIn(string project) => project.StartsWith(Repository.PathOf("eng", "standins") + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }

    /// <summary>All projects of the solution that are neither tests nor stand-ins, and not the AppHost, whose SDK a partial feed lacks.</summary>
    public static TheoryData<string> ProductProjects()
        => [.. ProjectLine().Matches(File.ReadAllText(Repository.PathOf("GreenTune.Aspire.sln")))
            .Select(match => match.Groups[1].Value.Replace('\\', '/'))
            .Where(project => !project.StartsWith("tests/", StringComparison.Ordinal) && !project.StartsWith("eng/", StringComparison.Ordinal) && !project.Contains("AppHost", StringComparison.Ordinal))
            .Order()];

    private static Task<Graph> GraphAsync(string project, string feed) => Known.GetOrAdd((project, feed), key => EvaluateAsync(key.Project, key.Feed));

    private static async Task<Graph> EvaluateAsync(string project, string feed, params (string Name, string? Value)[] environment)
    {
        var result = await Build.RunAsync(
            ["msbuild", Repository.PathOf(project), $"-p:PackageFeed={feed}", "-getItem:PackageReference", "-getItem:ProjectReference", "-getItem:PackageVersion", "-getProperty:PackageFeed"],
            Repository.Root,
            environment);
        Assert.True(result.ExitCode == 0, result.Output);
        using var json = JsonDocument.Parse(result.Output);
        Assert.Equal(feed, json.RootElement.GetProperty("Properties").GetProperty("PackageFeed").GetString());
        var items = json.RootElement.GetProperty("Items");
        return new Graph(
            [.. Items("PackageReference").Select(item => item.GetProperty("Identity").GetString()!)],
            [.. Items("ProjectReference").Select(item => item.GetProperty("FullPath").GetString()!)],
            Items("PackageVersion").ToDictionary(item => item.GetProperty("Identity").GetString()!, item => item.GetProperty("Version").GetString()!));

        List<JsonElement> Items(string name) => items.TryGetProperty(name, out var list) ? [.. list.EnumerateArray()] : [];
    }

    [Fact]
    public void The_solution_has_the_products_projects()
        => Assert.True(ProductProjects().Count >= 8, "the solution's projects were not found");

    [Theory]
    [MemberData(nameof(ProductProjects))]
    public async Task On_a_full_feed_a_project_has_packages_in_place_of_stand_ins(string project)
    {
        var partial = await GraphAsync(project, "partial");
        var full = await GraphAsync(project, "full");
        Assert.Empty(full.StandIns);

        var replaced = partial.StandIns.Concat(partial.Packages.Where(PackageOf.ContainsKey)).ToList();
        foreach (var standIn in replaced)
        {
            Assert.Contains(PackageOf[standIn], full.Packages);
        }

        // Whatever else it refers to is the same on both.
        Assert.Equal(
            partial.Packages.Except(replaced).Order(),
            full.Packages.Except(replaced.Select(standIn => PackageOf[standIn])).Order());
        Assert.Equal(partial.Projects.Where(reference => !Graph.IsStandIn(reference)).Order(), full.Projects.Order());

        // Central package management knows a version of each.
        Assert.All(full.Packages.Concat(partial.Packages), package => Assert.Contains(package, full.Versions.Keys));
    }

    [Theory]
    [InlineData("GreenTune.Inference/GreenTune.Inference.csproj", "Microsoft.ML.OnnxRuntimeGenAI.Cuda", "OnnxRuntimeGenAIVersion")]
    [InlineData("GreenTune.ServiceDefaults/GreenTune.ServiceDefaults.csproj", "OpenTelemetry.Extensions.Hosting", "OpenTelemetryVersion")]
    public async Task The_expected_package_is_there_in_the_version_that_the_feed_was_asked_for(string project, string package, string version)
    {
        var full = await GraphAsync(project, "full");
        Assert.Contains(package, full.Packages);
        Assert.Equal(Versions.Read()[version], full.Versions[package]);
    }

    [Theory]
    [InlineData("Aspire.Hosting")]
    [InlineData("Microsoft.ML.OnnxRuntime")]
    [InlineData("Microsoft.ML.OnnxRuntimeGenAI")]
    [InlineData("OpenTelemetry.Extensions.Hosting")]
    public async Task On_a_full_feed_a_stand_in_is_not_built_although_the_solution_has_it(string standIn)
    {
        using var output = new TemporaryFolder();
        var result = await Build.RunAsync(["msbuild", Repository.PathOf("eng", "standins", standIn, standIn + ".csproj"), "-t:Build", "-p:PackageFeed=full", $"-p:ArtifactsPath={output.In("artifacts")}"], Repository.Root);
        Assert.True(result.ExitCode == 0, result.Output);
        Assert.False(Directory.Exists(output.In("artifacts", "bin")));
    }

    [Fact]
    public void The_apphosts_project_file_takes_aspires_sdk_on_a_full_feed_alone()
    {
        var project = XDocument.Load(Repository.PathOf("GreenTune.AppHost", "GreenTune.AppHost.csproj")).Root!;
        Assert.Null(project.Attribute("Sdk"));
        Assert.Empty(project.Elements("Sdk"));
        var aspire = project.Elements("Import").Where(import => (string?)import.Attribute("Sdk") == "Aspire.AppHost.Sdk").ToList();
        Assert.Equal(["Sdk.props", "Sdk.targets"], aspire.Select(import => (string?)import.Attribute("Project")));
        Assert.All(aspire, import =>
        {
            Assert.Equal("'$(PackageFeed)' == 'full'", (string?)import.Attribute("Condition"));
            Assert.Equal("$(AspireVersion)", (string?)import.Attribute("Version"));
        });
        var references = project.Descendants("ProjectReference").Select(reference => (string?)reference.Attribute("Include")).OfType<string>().ToList();
        Assert.Equal(
            ["../GreenTune.Accounting/GreenTune.Accounting.csproj", "../GreenTune.Dashboard/GreenTune.Dashboard.csproj", "../GreenTune.Inference/GreenTune.Inference.csproj"],
            references.Order());
    }

    [Fact]
    public async Task With_aspires_sdk_in_reach_the_apphost_refers_to_aspire_and_to_no_stand_in()
    {
        // A feed of ours with an SDK of Aspire's name and version that is empty: enough to evaluate the project.
        using var home = new TemporaryFolder();
        LocalFeed.Add(
            home.In("feed"),
            "Aspire.AppHost.Sdk",
            Versions.Read()["AspireVersion"],
            ("Sdk/Sdk.props", "<Project><PropertyGroup><IsAspireHost>true</IsAspireHost></PropertyGroup></Project>"),
            ("Sdk/Sdk.targets", "<Project />"));
        home.Write(LocalFeed.Settings(home.In("feed")), ".nuget", "NuGet", "NuGet.Config");
        var full = await EvaluateAsync("GreenTune.AppHost/GreenTune.AppHost.csproj", "full", ("HOME", home.Path), ("DOTNET_CLI_HOME", home.Path), ("NUGET_PACKAGES", home.In("packages")));
        Assert.Contains("Aspire.Hosting.AppHost", full.Packages);
        Assert.Empty(full.StandIns);
        Assert.Equal(["GreenTune.Accounting", "GreenTune.Dashboard", "GreenTune.Inference"], full.Projects.Select(Path.GetFileNameWithoutExtension).Order());
    }

    [GeneratedRegex(@"^Project\(.*?\) = "".*?"", ""(.*?\.csproj)""", RegexOptions.Multiline)]
    private static partial Regex ProjectLine();
}
