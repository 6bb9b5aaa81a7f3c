using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Models.Building;
using GreenTune.Models.Store;

namespace GreenTune.Cli.Models;

/// <summary>greentune models list.</summary>
internal static class ModelsList
{
    public static int Run(CliConsole console, ModelStore store, Provider? provider, bool json, CancellationToken cancellation)
    {
        Provider[] providers = provider is { } one ? [one] : Enum.GetValues<Provider>();
        ConfigurationState[] states = [.. providers.SelectMany(store.Configurations).Select(c => ConfigurationState.Read(store, c, cancellation))];
        if (json)
        {
            console.Json(states);
            return ExitCodes.Ok;
        }
        if (states.Length == 0)
        {
            console.Output.WriteLine($"There are no checkpoints in {store.SourceFolder}.");
            return ExitCodes.Ok;
        }
        console.Table(
            [
                new("Configuration"), new("Precision", Drop: 2), new("Provider"), new("Built"), new("Size", Right: true, Folds: true), new("Folder", Drop: 1, Folds: true),
            ],
            states.Select(s => (IReadOnlyList<string>)
            [
                s.Id, s.Precision, s.Provider, s.Built ? "yes" : "no", s.Bytes is { } bytes ? Figures.Size(bytes) : Figures.Unknown(s.Reason), s.Built ? Path.GetFileName(s.Folder) : "",
            ]));
        console.Output.WriteLine($"Models: {string.Join(", ", states.Select(s => s.Model).Distinct())} in {store.SourceFolder}");
        console.Output.WriteLine($"Built folders: {store.Folder}");
        return ExitCodes.Ok;
    }
}
