using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Models.Building;
using GreenTune.Models.Catalog;
using GreenTune.Models.Store;

namespace GreenTune.Cli.Models;

/// <summary>greentune models list.</summary>
internal static class ModelsList
{
    public static int Run(CliConsole console, ModelStore store, ModelCatalog catalog, Provider? provider, bool json, CancellationToken cancellation)
    {
        Provider[] providers = provider is { } one ? [one] : Enum.GetValues<Provider>();
        IReadOnlyList<CheckpointInfo> sources = CheckpointInfo.List(store, catalog);
        var list = new ModelList(
            [.. catalog.Entries.Select(e => CatalogLine.Of(e, sources, store))],
            [.. sources.Select(CheckpointLine.Of)],
            [.. providers.SelectMany(store.Configurations).Select(c => ConfigurationState.Read(store, c, cancellation))]);
        if (json)
            console.Json(list);
        else
            Write(console, store, list);
        return ExitCodes.Ok;
    }

    private static void Write(CliConsole console, ModelStore store, ModelList list)
    {
        console.Output.WriteLine("Catalog: what 'greentune models pull' knows by a short name. Sizes are about.");
        console.Table(
            [new("Id"), new("Parameters", Right: true, Drop: 1), new("Licence", Drop: 2), new("Download", Right: true), new("int4 folder", Right: true, Drop: 3), new("State")],
            list.Catalog.Select(e => (IReadOnlyList<string>)[e.Id, Figures.Count(e.Parameters), e.License + (e.Gated == true ? ", gated" : ""), Figures.Size(e.DownloadBytes), Figures.Size(e.Int4Bytes), e.State]));

        console.Output.WriteLine("Models on this machine:");
        if (list.Models.Count == 0)
            console.Output.WriteLine($"There are no checkpoints in {store.SourceFolder} or {store.CheckpointsFolder}.");
        else
        {
            console.Table(
                [new("Model"), new("Form", Drop: 2), new("From", Folds: true, Drop: 1), new("Size", Right: true)],
                list.Models.Select(m => (IReadOnlyList<string>)[m.Name, m.Form, m.From, Figures.Size(m.Bytes)]));
        }

        console.Output.WriteLine("Configurations:");
        console.Table(
            [new("Configuration"), new("Precision", Drop: 2), new("Provider"), new("Built"), new("Size", Right: true, Folds: true), new("Folder", Drop: 1, Folds: true)],
            list.Configurations.Select(s => (IReadOnlyList<string>)
            [
                s.Id, s.Precision, s.Provider, s.Built ? "yes" : "no", s.Bytes is { } bytes ? Figures.Size(bytes) : Figures.Unknown(s.Reason), s.Built ? Path.GetFileName(s.Folder)! : "",
            ]));
        console.Output.WriteLine($"Bundled models: {store.SourceFolder}");
        console.Output.WriteLine($"Pulled and imported: {store.CheckpointsFolder}");
        console.Output.WriteLine($"Built folders: {store.Folder}");
    }
}

/// <summary>What --json writes.</summary>
/// <param name="Catalog">What can be pulled by a short name.</param>
/// <param name="Models">Checkpoints and imported model folders on this machine.</param>
/// <param name="Configurations">What can be built from them, or is.</param>
internal sealed record ModelList(IReadOnlyList<CatalogLine> Catalog, IReadOnlyList<CheckpointLine> Models, IReadOnlyList<ConfigurationState> Configurations);

/// <summary>An entry of the catalog.</summary>
/// <param name="Id">Short name.</param>
/// <param name="DisplayName">Name for people.</param>
/// <param name="License">SPDX identifier or LicenseRef-...</param>
/// <param name="Gated">Its licence has to be accepted at the hub; null where that is not known.</param>
/// <param name="Architecture">As config.json names it.</param>
/// <param name="Repository">On the hub.</param>
/// <param name="Parameters">Shared tables once.</param>
/// <param name="DownloadBytes">About.</param>
/// <param name="Int4Bytes">About the size of its int4 folder for a CPU.</param>
/// <param name="Int4MemoryBytes">About the memory to serve that with 4096 tokens.</param>
/// <param name="State">"available", "pulled", or "unfinished" where a pull was stopped.</param>
/// <param name="Notes">What to know before choosing it.</param>
internal sealed record CatalogLine(
    string Id, string DisplayName, string License, bool? Gated, string Architecture, string Repository, long Parameters, long DownloadBytes, long Int4Bytes, long Int4MemoryBytes, string State, string Notes)
{
    public static CatalogLine Of(CatalogEntry entry, IReadOnlyList<CheckpointInfo> sources, ModelStore store) => new(
        entry.Id, entry.DisplayName, entry.License, entry.Gated, entry.Architecture, entry.Repository, entry.Parameters, entry.DownloadBytes,
        entry.FolderBytes(Precision.Int4, Provider.Cpu), entry.MemoryBytes(Precision.Int4, Provider.Cpu),
        sources.Any(s => s.CatalogId == entry.Id) ? "pulled" : store.IsUnfinished(entry.Id) ? "unfinished" : "available",
        entry.Notes);
}

/// <summary>A model's source on this machine.</summary>
/// <param name="Name">The model.</param>
/// <param name="Form">"safetensors", "GGUF" or "model folder".</param>
/// <param name="From">Where it is from.</param>
/// <param name="Repository">On the hub; null where it was not pulled.</param>
/// <param name="Commit">What it is pinned to; null where it was not pulled.</param>
/// <param name="License">Null where nothing says.</param>
/// <param name="Embedded">Ships with GreenTune.</param>
/// <param name="Bytes">Size of its files.</param>
/// <param name="Folder">Where it is.</param>
internal sealed record CheckpointLine(string Name, string Form, string From, string? Repository, string? Commit, string? License, bool Embedded, long Bytes, string Folder)
{
    public static CheckpointLine Of(CheckpointInfo source) => new(
        source.Name,
        source.Kind switch { CheckpointKind.Safetensors => "safetensors", CheckpointKind.Gguf => "GGUF", _ => "model folder" },
        source.Pin is { } pin ? $"{pin.Repository} at {pin.Commit[..12]}" : source.Embedded ? "bundled" : "imported",
        source.Pin?.Repository, source.Pin?.Commit, source.Pin?.License, source.Embedded, source.Bytes, source.Folder);
}
