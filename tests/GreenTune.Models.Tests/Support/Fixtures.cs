using GreenTune.Models.Building;
using GreenTune.Models.Folders;

namespace GreenTune.Models.Tests.Support;

internal static class Fixtures
{
    public static Task<ModelFolder> BuildAsync(string source, string target, BuildOptions options) =>
        new ModelFolderBuilder(TimeProvider.System).BuildAsync(Request(source, target, options.Precision, options.Provider) with { Options = options }, null, CancellationToken.None);

    public static Task<ModelFolder> BuildAsync(string source, string target, Precision precision, Provider provider = Provider.Cpu, bool symmetric = true, int accuracyLevel = 4) =>
        new ModelFolderBuilder(TimeProvider.System).BuildAsync(Request(source, target, precision, provider) with
        {
            Options = new BuildOptions { Precision = precision, Provider = provider, Symmetric = symmetric, AccuracyLevel = accuracyLevel },
        }, null, CancellationToken.None);

    public static BuildRequest Request(string source, string target, Precision precision = Precision.Int4, Provider provider = Provider.Cpu) => new()
    {
        Id = $"{Path.GetFileName(source)}-{precision.Word()}",
        ModelName = Path.GetFileName(source),
        SourceFolder = source,
        TargetFolder = target,
        Options = new BuildOptions { Precision = precision, Provider = provider },
    };
}
