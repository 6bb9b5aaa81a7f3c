namespace GreenTune.Eng.Tests.Feed;

/// <summary>Finding out the feed, in a clone of its own that has the repository's build files and one empty project.</summary>
public sealed class FeedDetectionTests : IDisposable
{
    private readonly TemporaryFolder _clone = new();

    public FeedDetectionTests()
    {
        foreach (var file in Directory.GetFiles(Repository.Root, "Directory.*").Append(Repository.PathOf("global.json")))
        {
            File.Copy(file, _clone.In(Path.GetFileName(file)));
        }

        Directory.CreateDirectory(_clone.In("eng", "feed"));
        foreach (var file in Directory.GetFiles(Repository.PathOf("eng", "feed")))
        {
            File.Copy(file, _clone.In("eng", "feed", Path.GetFileName(file)));
        }

        _clone.Write("<Project Sdk=\"Microsoft.NET.Sdk\" />", "Empty", "Empty.csproj");
    }

    private string Kept => _clone.In("artifacts", "package-feed.props");

    public void Dispose() => _clone.Dispose();

    private void Feeds(params string[] feeds) => _clone.Write(LocalFeed.Settings(feeds), "nuget.config");

    private Task<Build.Result> RestoreAsync(string? property = null, string? variable = null)
        => Build.RunAsync(
            ["restore", _clone.In("Empty", "Empty.csproj"), .. property is null ? Array.Empty<string>() : [property]],
            _clone.Path,
            ("PackageFeed", variable), ("NUGET_PACKAGES", _clone.In("packages")));

    [Fact]
    public async Task A_feed_without_the_packages_is_partial_and_that_is_kept()
    {
        Directory.CreateDirectory(_clone.In("feed"));
        Feeds(_clone.In("feed"));
        var first = await RestoreAsync();
        Assert.Equal(0, first.ExitCode);
        Assert.Contains("GreenTune: package feed partial (found out now", first.Output, StringComparison.Ordinal);
        Assert.Contains("<PackageFeed>partial</PackageFeed>", await File.ReadAllTextAsync(Kept), StringComparison.Ordinal);

        var second = await RestoreAsync();
        Assert.Equal(0, second.ExitCode);
        Assert.DoesNotContain("found out now", second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_feed_with_all_the_packages_is_full()
    {
        var versions = Versions.Read();
        LocalFeed.Add(_clone.In("feed"), "Aspire.Hosting.AppHost", versions["AspireVersion"]);
        LocalFeed.Add(_clone.In("feed"), "OpenTelemetry.Extensions.Hosting", versions["OpenTelemetryVersion"]);
        LocalFeed.Add(_clone.In("feed"), "Microsoft.ML.OnnxRuntimeGenAI.Cuda", versions["OnnxRuntimeGenAIVersion"]);
        LocalFeed.Add(_clone.In("feed"), "Microsoft.EntityFrameworkCore.Sqlite", versions["EntityFrameworkVersion"]);
        Feeds(_clone.In("feed"));
        var result = await RestoreAsync();
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("<PackageFeed>full</PackageFeed>", await File.ReadAllTextAsync(Kept), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_feed_that_cannot_be_reached_is_an_error_that_says_what_to_do_and_is_not_kept(bool besidesAnother)
    {
        Directory.CreateDirectory(_clone.In("feed"));
        string[] feeds = besidesAnother ? [_clone.In("feed"), _clone.In("unreachable")] : [_clone.In("unreachable")];
        Feeds(feeds);
        var result = await RestoreAsync();
        Assert.NotEqual(0, result.ExitCode);
        var error = Assert.Single(result.Errors);
        Assert.Contains("error GT0001", error, StringComparison.Ordinal);
        Assert.Contains("-p:PackageFeed=full or -p:PackageFeed=partial", error, StringComparison.Ordinal);
        Assert.Contains("NU1301", error, StringComparison.Ordinal);
        Assert.False(File.Exists(Kept));
    }

    [Theory]
    [InlineData("-p:PackageFeed=full", null)]
    [InlineData(null, "partial")]
    public async Task Whoever_says_which_feed_it_is_is_believed_and_nobody_is_asked(string? property, string? variable)
    {
        Feeds(_clone.In("unreachable"));
        var result = await RestoreAsync(property, variable);
        Assert.Equal(0, result.ExitCode);
        Assert.False(File.Exists(Kept));
    }

    [Fact]
    public async Task A_feed_that_is_neither_is_refused()
    {
        Feeds(_clone.In("unreachable"));
        var result = await RestoreAsync("-p:PackageFeed=half");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(result.Errors, error => error.Contains("error GT0002: PackageFeed is 'half'; it can be full or partial", StringComparison.Ordinal));
    }
}
