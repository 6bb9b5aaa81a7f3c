namespace GreenTune.EndToEnd.Tests.Running;

/// <summary>The repository that these tests run in.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>The one these tests were built in, "Release" or "Debug".</summary>
    public static string BuildConfiguration { get; } = Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)) == "debug" ? "Debug" : "Release";

    private static string Find()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "GreenTune.Aspire.sln")))
            {
                return directory.FullName;
            }
        }

        throw new DirectoryNotFoundException("The tests do not run inside the repository.");
    }
}
