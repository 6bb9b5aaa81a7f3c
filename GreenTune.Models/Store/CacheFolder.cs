namespace GreenTune.Models.Store;

/// <summary>The user's cache of GreenTune.</summary>
public static class CacheFolder
{
    public const string EnvironmentVariable = "GREENTUNE_CACHE";

    /// <summary>
    /// <paramref name="configured"/>, else $GREENTUNE_CACHE, else $XDG_CACHE_HOME/greentune, else ~/.cache/greentune, and %LOCALAPPDATA%/greentune on Windows.
    /// </summary>
    /// <param name="configured">What a setting or command-line option says.</param>
    /// <param name="environment">Reads a variable; null reads the process's own.</param>
    public static string Find(string? configured, Func<string, string?>? environment = null)
    {
        environment ??= Environment.GetEnvironmentVariable;
        if (!string.IsNullOrWhiteSpace(configured))
            return Path.GetFullPath(configured);
        if (environment(EnvironmentVariable) is { Length: > 0 } own)
            return Path.GetFullPath(own);
        // The base-directory specification ignores relative paths.
        if (environment("XDG_CACHE_HOME") is { Length: > 0 } shared && Path.IsPathRooted(shared))
            return Path.Combine(shared, "greentune");
        if (OperatingSystem.IsWindows() && environment("LOCALAPPDATA") is { Length: > 0 } local)
            return Path.Combine(local, "greentune");
        string home = environment("HOME") is { Length: > 0 } said ? said : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Path.Combine(home, ".cache", "greentune");
    }
}
