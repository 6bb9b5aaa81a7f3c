using GreenTune.Models;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;
using Microsoft.Extensions.Options;
using Provider = GreenTune.Models.Building.Provider;

namespace GreenTune.Inference.Configurations;

/// <summary>
/// Which configurations this service has: those that were chosen, else all of the bundled models and, of pulled and imported ones, those that are built;
/// imported model folders; and folders from elsewhere.
/// </summary>
internal static class ConfigurationCatalog
{
    /// <exception cref="OptionsValidationException">A chosen configuration does not exist, two have the same id, or the default is not among them.</exception>
    public static ConfigurationRegistry Create(InferenceOptions options, ModelStore store, bool cuda)
    {
        Provider provider = cuda ? Provider.Cuda : Provider.Cpu;
        IReadOnlyList<ModelConfiguration> all = store.Configurations(provider);
        string[] unknown = [.. options.Configurations.Where(id => all.All(configuration => configuration.Id != id))];
        if (unknown.Length > 0)
        {
            throw Invalid($"Inference:Configurations names {string.Join(", ", unknown)}, which does not exist. There are: {string.Join(", ", all.Select(configuration => configuration.Id))}.");
        }

        var served = new List<ServedConfiguration>();
        served.AddRange(all
            .Where(configuration => options.Configurations.Count == 0
                // A pulled model may be larger than this machine: what nobody had built is not built by a start.
                ? store.IsEmbedded(configuration.Model) || store.BuiltBytes(configuration) is not null
                : options.Configurations.Contains(configuration.Id))
            .Select(configuration => Served(configuration, store)));
        if (options.Configurations.Count == 0)
        {
            served.AddRange(store.ForeignFolders().Select(path => Imported(path, provider)));
        }

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

    /// <summary>A configuration of a checkpoint, which is built where it is not.</summary>
    public static ServedConfiguration Served(ModelConfiguration configuration, ModelStore store) => new(
        configuration.Id,
        configuration.Model,
        configuration.Precision.Word(),
        configuration.Provider.Word(),
        (progress, cancellation) => store.EnsureBuiltAsync(configuration, progress, cancellation));

    /// <summary>The same configuration before it was loaded.</summary>
    public static ServedConfiguration Again(ServedConfiguration configuration) =>
        new(configuration.Id, configuration.Model, configuration.Precision, configuration.Provider, configuration.OpenFolder);

    /// <summary>An imported folder under its name here. One that cannot be used fails when it is loaded and leaves the others serving.</summary>
    private static ServedConfiguration Imported(string path, Provider provider)
    {
        string name = Path.GetFileName(path);
        string precision = "mixed";
        try
        {
            precision = ModelFolder.Open(path).Precision?.Word() ?? precision;
        }
        catch (ModelFolderException)
        {
            // Loading it says the same, where it is shown.
        }

        return new ServedConfiguration(name, name, precision, provider.Word(), (_, _) => Task.FromResult(ModelFolder.Open(path) with { Id = name, ModelName = name }));
    }

    private static ModelFolder Open(string path)
    {
        try
        {
            return ModelFolder.Open(path);
        }
        catch (ModelFolderException e)
        {
            throw Invalid($"Inference:ModelFolders names {path}, which cannot be served: {e.Message}");
        }
    }

    private static OptionsValidationException Invalid(string message) => new(InferenceOptions.Section, typeof(InferenceOptions), [message]);
}
