using GreenTune.Inference.Configurations;
using GreenTune.Models;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;
using GreenTune.Models.Verification;

namespace GreenTune.Inference.Tests.Configurations;

/// <summary>Folders that were held against their checkpoints.</summary>
public sealed class FailedFolderTests
{
    [Fact]
    public async Task A_folder_that_failed_is_served_only_when_the_settings_say_so()
    {
        DirectoryInfo cache = Directory.CreateTempSubdirectory("greentune-failed-");
        try
        {
            ModelStore store = ModelStore.Open(new ModelStoreOptions { SourceFolder = Repository.PathOf("models"), CacheFolder = cache.FullName });
            ModelConfiguration nano = store.Find("greentune-nano-int4", Provider.Cpu);
            ModelFolder folder = await store.EnsureBuiltAsync(nano);
            ConfigurationLoader.CheckParity(folder, serveFailed: false);

            await new ParityCheck(TimeProvider.System).RunAsync(folder, nano.SourceFolder, new ParityOptions { Tokens = 32, TextLength = 32, GreedyPrompts = 0 }, null, CancellationToken.None);
            folder = store.TryOpen(nano)!;
            Assert.True(folder.Parity!.Passed);
            ConfigurationLoader.CheckParity(folder, serveFailed: false);

            folder = folder with { Parity = folder.Parity with { Passed = false, Failures = ["A logit is off."] } };
            ModelFolderException e = Assert.Throws<ModelFolderException>(() => ConfigurationLoader.CheckParity(folder, serveFailed: false));
            Assert.Contains("A logit is off.", e.Message, StringComparison.Ordinal);
            Assert.Contains("Inference:ServeFailedFolders", e.Message, StringComparison.Ordinal);
            ConfigurationLoader.CheckParity(folder, serveFailed: true);
        }
        finally
        {
            cache.Delete(recursive: true);
        }
    }
}
