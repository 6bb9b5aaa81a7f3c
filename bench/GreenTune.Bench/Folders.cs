using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;

namespace GreenTune.Bench;

/// <summary>The bundled models' folders, built where they are not, or folders named by their paths.</summary>
internal static class Folders
{
    public static async Task<IReadOnlyList<ModelFolder>> OpenAsync(string[] ids)
    {
        ModelStore store = ModelStore.Open(new ModelStoreOptions());
        var folders = new List<ModelFolder>();
        foreach (string id in ids.Length == 0 ? store.Configurations(Provider.Cpu).Select(configuration => configuration.Id) : ids)
        {
            folders.Add(Directory.Exists(id) ? ModelFolder.Open(id) : await store.EnsureBuiltAsync(store.Find(id, Provider.Cpu)));
        }

        return folders;
    }
}
