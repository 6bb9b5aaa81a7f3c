namespace GreenTune.Models.Tests.Support;

/// <summary>Folders that tests read, found by walking up from the test's own.</summary>
internal static class Repository
{
    private const string FixturesVariable = "GREENTUNE_FIXTURES";

    /// <summary>The repository's models/.</summary>
    public static string Models { get; } = FindAbove("models", f => File.Exists(Path.Combine(f, "greentune-nano", "config.json")))
        ?? throw new InvalidOperationException("The repository's folder models/ is not above the tests.");

    public static string Root => Path.GetDirectoryName(Models)!;

    public static string Nano => Path.Combine(Models, "greentune-nano");

    public static string Tiny => Path.Combine(Models, "greentune-tiny");

    /// <summary>A folder of the shared fixtures, in $GREENTUNE_FIXTURES or beside the repository; skips the test where they are not there.</summary>
    public static string Fixture(string name)
    {
        string? fixtures = Environment.GetEnvironmentVariable(FixturesVariable) is { Length: > 0 } said ? said : FindAbove(Path.Combine("shared", "fixtures"), Directory.Exists);
        if (fixtures is null || !Directory.Exists(Path.Combine(fixtures, name)))
            Assert.Skip($"The fixture {name} is not there: ../shared/fixtures lies outside the repository and is not on every machine. {FixturesVariable} names another folder.");
        return Path.Combine(fixtures, name);
    }

    /// <summary>A folder of the shared models, beside the shared fixtures; skips the test where it is not there.</summary>
    public static string SharedModel(string name)
    {
        string? models = FindAbove(Path.Combine("shared", "models"), Directory.Exists);
        if (models is null || !Directory.Exists(Path.Combine(models, name)))
            Assert.Skip($"The shared model folder {name} is not there: ../shared/models lies outside the repository and is not on every machine.");
        return Path.Combine(models, name);
    }

    private static string? FindAbove(string relative, Func<string, bool> isIt)
    {
        // The git directory leads to the main checkout from a worktree that lies elsewhere.
        foreach (string? start in new[] { AppContext.BaseDirectory, MainCheckout() })
        {
            for (string? folder = start; folder is not null; folder = Path.GetDirectoryName(folder))
            {
                string candidate = Path.Combine(folder, relative);
                if (isIt(candidate))
                    return candidate;
            }
        }
        return null;
    }

    private static string? MainCheckout()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            string git = Path.Combine(folder, ".git");
            if (File.Exists(git) && File.ReadAllText(git) is { } text && text.StartsWith("gitdir:", StringComparison.Ordinal))
                return text["gitdir:".Length..].Trim();
        }
        return null;
    }
}
