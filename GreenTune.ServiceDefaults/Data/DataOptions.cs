namespace GreenTune.ServiceDefaults.Data;

/// <summary>Where a service keeps its data. Section `Data`.</summary>
public sealed class DataOptions
{
    public const string Section = "Data";

    /// <summary>Environment variable that says the same for all services.</summary>
    public const string Variable = "GREENTUNE_DATA";

    /// <summary>
    /// Absolute path of the folder; created when missing. <value>The default value is the environment variable GREENTUNE_DATA, and without
    /// that the folder greentune in the user's local application data (Linux: ~/.local/share/greentune).</value>
    /// </summary>
    public string? Directory { get; set; }
}
