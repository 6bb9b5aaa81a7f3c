namespace GreenTune.Tests;

/// <summary>Where the repository is: above the test's own output.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "GreenTune.Aspire.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("the repository was not found above " + AppContext.BaseDirectory);
    }
}
