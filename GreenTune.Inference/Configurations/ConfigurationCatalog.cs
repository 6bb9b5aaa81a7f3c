using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;
using Microsoft.Extensions.Options;
using Provider = GreenTune.Models.Building.Provider;

namespace GreenTune.Inference.Configurations;

/// <summary>Which configurations this service has: those of the bundled models, as far as they were chosen, and folders from elsewhere.</summary>
internal static class ConfigurationCatalog
{
    /// <exception cref="OptionsValidationException">A chosen configuration does not exist, two have the same id, or the default is not among them.</exception>
    public static ConfigurationRegistry Create(InferenceOptions options, ModelStore store, bool cuda)
    {
        Provider provider = cuda ? Provider.Cuda : Provider.Cpu;
        IReadOnlyList<ModelConfiguration> bundled = store.Configurations(provider);
        string[] unknown = [.. options.Configurations.Where(id => bundled.All(configuration => configuration.Id != id))];
        if (unknown.Length > 0)
        {
            throw Invalid($"Inference:Configurations names {string.Join(", ", unknown)}, which does not exist. There are: {string.Join(", ", bundled.Select(configuration => configuration.Id))}.");
        }

        var served = new List<ServedConfiguration>();
        served.AddRange(bundled
            .Where(configuration => options.Configurations.Count == 0 || options.Configurations.Contains(configuration.Id))
            .Select(configuration => new ServedConfiguration(
                configuration.Id,
                configuration.Model,
                configuration.Precision.Word(),
                provider.Word(),
                (progress, cancellation) => store.EnsureBuiltAsync(configuration, progress, cancellation))));
        foreach (string path in options.ModelFolders)
        {
            ModelFolder folder = Open(path);
            served.Add(new ServedConfiguration(folder.Id, folder.ModelName, folder.Precision?.Word() ?? "mixed", provider.Word(), (_, _) => Task.FromResult(folder)));
        }

        if (served.GroupBy(configuration => configuration.Id).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw Invalid($"There are two configurations with the id {twice.Key}; rename the folder in Inference:ModelFolders.");
        }

        return served.Any(configuration => configuration.Id == options.DefaultConfiguration)
            ? new ConfigurationRegistry(served)
            : throw Invalid($"Inference:DefaultConfiguration is {options.DefaultConfiguration}, which is not served. There are: {string.Join(", ", served.Select(configuration => configuration.Id))}.");
    }

    private static ModelFolder Open(string path)
    {
        try
        {
            return ModelFolder.Open(path);
        }
        catch (Models.ModelFolderException e)
        {
            throw Invalid($"Inference:ModelFolders names {path}, which cannot be served: {e.Message}");
        }
    }

    private static OptionsValidationException Invalid(string message) => new(InferenceOptions.Section, typeof(InferenceOptions), [message]);
}
