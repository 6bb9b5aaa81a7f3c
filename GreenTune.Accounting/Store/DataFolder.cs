namespace GreenTune.Accounting.Store;

/// <summary>
/// Where the books are: configuration Data:Directory, else the environment's GREENTUNE_DATA, else "greentune" in the user's local application data.
/// </summary>
internal static class DataFolder
{
    public const string Key = "Data:Directory";

    public static string Resolve(IConfiguration configuration)
    {
        string? named = configuration[Key] ?? Environment.GetEnvironmentVariable("GREENTUNE_DATA");
        return Path.GetFullPath(!string.IsNullOrWhiteSpace(named)
            ? named
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "greentune"));
    }
}
