using System.CommandLine;
using GreenTune.Models.Catalog;
using GreenTune.Models.Store;

namespace GreenTune.Cli.Models;

/// <summary>Where checkpoints come from, where folders are kept, and what can be pulled.</summary>
internal sealed class PlaceOptions
{
    private readonly Option<string?> _models = new("--models")
    {
        Description = "Folder of checkpoints, one folder each. The default is the nearest folder 'models' above the program or the current folder.",
        HelpName = "folder",
    };

    private readonly Option<string?> _cache = new("--cache")
    {
        Description = "Folder for what is pulled, imported and built. The default is GREENTUNE_CACHE, else the user's cache folder.",
        HelpName = "folder",
    };

    private readonly Option<string?> _catalog = new("--catalog")
    {
        Description = "A catalog of your own, whose entries go over those of the bundled one.",
        HelpName = "file",
    };

    public void AddTo(Command command, bool catalog = false)
    {
        command.Add(_models);
        command.Add(_cache);
        if (catalog)
            command.Add(_catalog);
    }

    public ModelStore Open(ParseResult result, TimeProvider clock) =>
        ModelStore.Open(new ModelStoreOptions { SourceFolder = result.GetValue(_models), CacheFolder = result.GetValue(_cache) }, clock);

    public ModelCatalog Catalog(ParseResult result, ModelStore store) => ModelCatalog.Open(store.SourceFolder, result.GetValue(_catalog));
}
