using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace GreenTune.Eng.Tests.Npm;

/// <summary>eng/npm through a project of its own: a small package, an `npm` that is a script, a cache in a temporary folder.</summary>
public sealed class NpmFetchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _tarball;

    public NpmFetchTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The npm of these tests is a shell script.");
        _tarball = _folder.In("package.tgz");
        WriteTarball(_tarball);
        // Does what `npm pack` does: leaves the tarball in the current folder.
        File.WriteAllText(Directory.CreateDirectory(_folder.In("bin")).FullName + "/npm", """
            #!/bin/sh
            echo "$@" >> "$FAKE_NPM_LOG"
            if [ -n "$FAKE_NPM_FAILS" ]; then echo "npm error code E404" >&2; echo "npm error 404 Not Found" >&2; exit 1; fi
            if [ -n "$FAKE_NPM_SECONDS" ]; then sleep "$FAKE_NPM_SECONDS"; fi
            cp "$FAKE_NPM_TARBALL" ./greentune-sample-1.2.3.tgz
            """);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_folder.In("bin", "npm"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        WriteProject(Integrity());
    }

    private string Cache => _folder.In("cache");

    private string Package => Path.Combine(Cache, "npm", "greentune-sample-1.2.3");

    private string[] Calls => File.Exists(_folder.In("npm.log")) ? File.ReadAllLines(_folder.In("npm.log")) : [];

    public void Dispose() => _folder.Dispose();

    private static void WriteTarball(string path)
    {
        using var tar = new TarWriter(new GZipStream(File.Create(path), CompressionLevel.Fastest));
        foreach (var name in (string[])["lib/native.so", "lib/more/code.cs", "licence.txt", "huge/not-needed.bin", "package.json"])
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "package/" + name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes("content of " + name)) });
        }
    }

    private string Integrity() => "sha512-" + Convert.ToBase64String(SHA512.HashData(File.ReadAllBytes(_tarball)));

    private void WriteProject(string integrity) => _folder.Write(
        $"""
        <Project>
          <Import Project="{Repository.PathOf("Directory.Build.props")}" />
          <PropertyGroup><NpmPackagesNeeded>greentune-sample</NpmPackagesNeeded></PropertyGroup>
          <Import Project="{Repository.PathOf("eng", "npm", "NpmPackages.targets")}" />
          <ItemGroup>
            <NpmPackage Include="greentune-sample" Version="1.2.3" Folder="$(NpmCache)greentune-sample-1.2.3/" Integrity="{integrity}" Members="lib;licence.txt" />
          </ItemGroup>
        </Project>
        """,
        "fetch.proj");

    private Task<Build.Result> FetchAsync(params (string Name, string? Value)[] environment) => Build.RunAsync(
        ["msbuild", _folder.In("fetch.proj"), "-t:FetchNpmPackages", "-v:m", "-clp:NoSummary"],
        _folder.Path,
        [
            ("GREENTUNE_CACHE", Cache),
            ("PATH", _folder.In("bin") + ":" + Environment.GetEnvironmentVariable("PATH")),
            ("FAKE_NPM_LOG", _folder.In("npm.log")),
            ("FAKE_NPM_TARBALL", _tarball),
            .. environment,
        ]);

    private void AssertOneError(Build.Result result, string code, params string[] parts)
    {
        Assert.NotEqual(0, result.ExitCode);
        var error = Assert.Single(result.Errors);
        Assert.Contains($"error {code}: GreenTune: ", error, StringComparison.Ordinal);
        Assert.All(parts, part => Assert.Contains(part, error, StringComparison.Ordinal));
        Assert.False(Directory.Exists(Package));
        Assert.Empty(Directory.Exists(Path.GetDirectoryName(Package)) ? Directory.GetDirectories(Path.GetDirectoryName(Package)!) : []);
    }

    [Fact]
    public async Task A_package_is_fetched_once_and_only_what_is_needed_is_kept()
    {
        var first = await FetchAsync();
        Assert.True(first.ExitCode == 0, first.Output);
        Assert.Contains("fetching greentune-sample@1.2.3 from npm", first.Output, StringComparison.Ordinal);
        Assert.Equal(["pack greentune-sample@1.2.3 --silent"], Calls);
        Assert.Equal(
            [".complete", "lib/more/code.cs", "lib/native.so", "licence.txt"],
            Directory.GetFiles(Package, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Package, file)).Order(StringComparer.Ordinal));
        Assert.Equal("content of lib/native.so", await File.ReadAllTextAsync(Path.Combine(Package, "lib", "native.so")));
        Assert.Equal([Package], Directory.GetDirectories(Path.GetDirectoryName(Package)!));

        var second = await FetchAsync();
        Assert.Equal(0, second.ExitCode);
        Assert.Single(Calls);
    }

    [Fact]
    public async Task A_folder_that_was_left_half_made_is_made_again()
    {
        Directory.CreateDirectory(Package);
        await File.WriteAllTextAsync(Path.Combine(Package, "licence.txt"), "from an interrupted build");
        Assert.Equal(0, (await FetchAsync()).ExitCode);
        Assert.Equal("content of licence.txt", await File.ReadAllTextAsync(Path.Combine(Package, "licence.txt")));
    }

    [Fact]
    public async Task A_corrupt_download_is_refused_with_both_digests_and_nothing_is_kept()
    {
        var pinned = Integrity();
        var bytes = await File.ReadAllBytesAsync(_tarball);
        bytes[^20] ^= 1;
        await File.WriteAllBytesAsync(_tarball, bytes);
        AssertOneError(await FetchAsync(), "GT0103", "greentune-sample@1.2.3", pinned, Integrity(), "npm cache clean --force");
    }

    [Fact]
    public async Task Without_npm_the_error_says_what_to_install()
    {
        Directory.CreateDirectory(_folder.In("nothing"));
        AssertOneError(await FetchAsync(("PATH", _folder.In("nothing"))), "GT0101", "npm was not found", "install Node.js 18 or newer", "apt-get install npm");
    }

    [Fact]
    public async Task An_npm_that_fails_is_quoted_in_one_line()
        => AssertOneError(await FetchAsync(("FAKE_NPM_FAILS", "1")), "GT0102", "npm could not fetch greentune-sample@1.2.3", "npm view greentune-sample@1.2.3", "npm error code E404 npm error 404 Not Found");

    [Fact]
    public async Task A_cache_that_cannot_be_written_names_the_variable()
    {
        await File.WriteAllTextAsync(Cache, "a file where the folder should be");
        AssertOneError(await FetchAsync(), "GT0104", "GREENTUNE_CACHE");
    }

    [Fact]
    public async Task Two_builds_at_once_fetch_it_once()
    {
        var builds = await Task.WhenAll(FetchAsync(("FAKE_NPM_SECONDS", "2")), FetchAsync(("FAKE_NPM_SECONDS", "2")));
        Assert.All(builds, build => Assert.True(build.ExitCode == 0, build.Output));
        Assert.Single(Calls);
        Assert.True(File.Exists(Path.Combine(Package, ".complete")));
    }

    [Fact]
    public async Task An_interrupted_builds_leftovers_are_cleared_away_by_the_next_one()
    {
        Directory.CreateDirectory(Package + ".deadbeef.part");
        await File.WriteAllTextAsync(Path.Combine(Package + ".deadbeef.part", "greentune-sample-1.2.3.tgz"), "half a download");
        await File.WriteAllTextAsync(Package + ".lock", string.Empty);
        Assert.Equal(0, (await FetchAsync()).ExitCode);
        Assert.Equal([Package], Directory.GetDirectories(Path.GetDirectoryName(Package)!));
    }
}
