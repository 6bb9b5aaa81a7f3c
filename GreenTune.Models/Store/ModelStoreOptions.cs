namespace GreenTune.Models.Store;

/// <summary>Where models come from and where what is built from them is kept.</summary>
public sealed class ModelStoreOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Models";

    /// <summary>Folder of checkpoints, one folder each.</summary>
    /// <value>The default is the nearest folder "models" above the application's folder or the current one.</value>
    public string? SourceFolder { get; set; }

    /// <summary>Folder for what is built.</summary>
    /// <value>The default is GREENTUNE_CACHE, else the user's cache folder.</value>
    public string? CacheFolder { get; set; }

    /// <summary>A catalog of the user's own, whose entries go over those of the bundled one; null for none.</summary>
    public string? Catalog { get; set; }
}
