using GreenTune.Models;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;

namespace GreenTune.Cli.Models;

/// <summary>A configuration and its folder on this machine, as --json writes it. What is only known once the folder is there is null until then.</summary>
internal sealed record ConfigurationState
{
    public required string Id { get; init; }

    public required string Model { get; init; }

    public required string Precision { get; init; }

    public required string Provider { get; init; }

    public required bool Built { get; init; }

    /// <summary>Why it is not there: "not built", or what is wrong with the folder. Null when it is built.</summary>
    public string? Reason { get; init; }

    /// <summary>Bytes of all files of the folder.</summary>
    public long? Bytes { get; init; }

    /// <summary>Where it is, or will be; the checkpoint's where that cannot be read, as the reason says.</summary>
    public required string Folder { get; init; }

    public static ConfigurationState Read(ModelStore store, ModelConfiguration configuration, CancellationToken cancellation) => Of(store, configuration, Open(store, configuration, cancellation), cancellation);

    public static ConfigurationState Of(ModelStore store, ModelConfiguration configuration, (ModelFolder? Folder, string? Reason) opened, CancellationToken cancellation) => new()
    {
        Id = configuration.Id,
        Model = configuration.Model,
        Precision = configuration.Precision.Word(),
        Provider = configuration.Provider.Word(),
        Built = opened.Folder is not null,
        Reason = opened.Reason,
        Bytes = opened.Folder?.Bytes,
        Folder = FolderOf(store, configuration, cancellation).Folder,
    };

    /// <summary>The folder, or why there is none that can be used.</summary>
    public static (ModelFolder? Folder, string? Reason) Open(ModelStore store, ModelConfiguration configuration, CancellationToken cancellation)
    {
        (string folder, string? unreadable) = FolderOf(store, configuration, cancellation);
        if (unreadable is not null)
            return (null, unreadable);
        if (!Directory.Exists(folder))
            return (null, "not built");
        try
        {
            return (ModelFolder.Open(folder), null);
        }
        catch (ModelFolderException e)
        {
            return (null, $"damaged, build it again: {e.Message}");
        }
    }

    /// <summary>One checkpoint that cannot be read leaves the others to be listed.</summary>
    private static (string Folder, string? Unreadable) FolderOf(ModelStore store, ModelConfiguration configuration, CancellationToken cancellation)
    {
        try
        {
            return (store.FolderOf(configuration, cancellation), null);
        }
        catch (Exception e) when (e is ModelFolderException or IOException or UnauthorizedAccessException)
        {
            return (configuration.SourceFolder, $"the checkpoint cannot be read: {e.Message}");
        }
    }
}
