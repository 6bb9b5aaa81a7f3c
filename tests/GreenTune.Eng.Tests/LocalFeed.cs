using System.IO.Compression;

namespace GreenTune.Eng.Tests;

/// <summary>Package feeds that are folders, with packages that have a name and nothing in them.</summary>
internal static class LocalFeed
{
    public static void Add(string feed, string id, string version, params (string Path, string Text)[] files)
    {
        Directory.CreateDirectory(feed);
        using var package = ZipFile.Open(Path.Combine(feed, $"{id}.{version}.nupkg"), ZipArchiveMode.Create);
        foreach (var (path, text) in files.Append(($"{id}.nuspec", $"""
            <package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
              <metadata><id>{id}</id><version>{version}</version><authors>nobody</authors><description>empty</description></metadata>
            </package>
            """)))
        {
            using var entry = new StreamWriter(package.CreateEntry(path).Open());
            entry.Write(text);
        }
    }

    public static string Settings(params string[] feeds) => $"""
        <configuration>
          <packageSources>
            <clear />
            {string.Join('\n', feeds.Select((feed, i) => $"<add key=\"feed{i}\" value=\"{feed}\" />"))}
          </packageSources>
        </configuration>
        """;
}
