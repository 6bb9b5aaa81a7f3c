using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;

namespace GreenTune.Bench;

/// <summary>The bundled models' folders, built where they are not.</summary>
internal static class Folders
{
    public static async Task<IReadOnlyList<ModelFolder>> OpenAsync(string[] ids)
    {
        ModelStore store = ModelStore.Open(new ModelStoreOptions());
        IEnumerable<ModelConfiguration> wanted = ids.Length == 0 ? store.Configurations(Provider.Cpu) : ids.Select(id => store.Find(id, Provider.Cpu));
        var folders = new List<ModelFolder>();
        foreach (ModelConfiguration configuration in wanted)
        {
            folders.Add(await store.EnsureBuiltAsync(configuration));
        }

        return folders;
    }
}
