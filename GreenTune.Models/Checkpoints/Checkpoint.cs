using System.Text.Json;
using GreenTune.Models.Checkpoints.Gguf;
using GreenTune.Models.Folders;

namespace GreenTune.Models.Checkpoints;

/// <summary>
/// A checkpoint, whatever its files: settings as Hugging Face's config.json spells them and tensors by the names that its checkpoints have. Files are
/// mapped; tensors are read on demand. Valid until disposed.
/// </summary>
internal sealed class Checkpoint : IDisposable
{
    public const string ConfigFile = "config.json";
    public const string GenerationConfigFile = "generation_config.json";
    public const string SingleWeightsFile = "model.safetensors";
    public const string WeightsIndexFile = "model.safetensors.index.json";

    private readonly IReadOnlyCollection<IDisposable> _files;
    private readonly IReadOnlyDictionary<string, CheckpointTensor> _tensors;
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <param name="folder">Where the files are.</param>
    /// <param name="config">Settings, spelt as in config.json.</param>
    /// <param name="generation">Settings of generation_config.json; null where there are none.</param>
    /// <param name="files">What is disposed with the checkpoint.</param>
    /// <param name="tensors">By the names that Hugging Face's checkpoints have.</param>
    internal Checkpoint(string folder, ConfigReader config, ConfigReader? generation, IReadOnlyCollection<IDisposable> files, IReadOnlyDictionary<string, CheckpointTensor> tensors)
    {
        Folder = folder;
        Config = config;
        GenerationConfig = generation;
        _files = files;
        _tensors = tensors;
    }

    public string Folder { get; }

    public ConfigReader Config { get; }

    /// <summary>generation_config.json, where there is one.</summary>
    public ConfigReader? GenerationConfig { get; }

    /// <summary>The file's weights were quantised already: no reference for comparisons of precision.</summary>
    public bool IsQuantized { get; init; }

    /// <summary>Writes tokenizer.json and tokenizer_config.json from what the weight file holds; null where the folder has such files of its own.</summary>
    internal Action<string>? TokenizerWriter { get; init; }

    /// <summary>Tensors that nobody asked for: an architecture that leaves some unread does not know the whole model.</summary>
    public IEnumerable<string> UnreadTensors => _tensors.Keys.Where(name => !_asked.Contains(name));

    /// <exception cref="ModelFolderException">A file is missing, truncated, unreadable, or points outside the folder.</exception>
    public static Checkpoint Open(string folder)
    {
        if (!Directory.Exists(folder))
            throw new ModelFolderException(folder, "the folder does not exist");
        if (GgufCheckpoint.IsIn(folder))
            return GgufCheckpoint.Open(folder);
        var files = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        ConfigReader? config = null;
        ConfigReader? generation = null;
        try
        {
            config = ConfigReader.Open(folder, ConfigFile);
            if (File.Exists(Path.Combine(folder, GenerationConfigFile)))
                generation = ConfigReader.Open(folder, GenerationConfigFile);
            var tensors = new Dictionary<string, CheckpointTensor>(StringComparer.Ordinal);
            foreach ((string file, IReadOnlyList<string>? expected) in WeightFilesWithTensors(folder))
            {
                SafetensorsFile opened = SafetensorsFile.Open(folder, file);
                files.Add(file, opened);
                foreach (string name in expected ?? [.. opened.Tensors.Keys])
                {
                    tensors[name] = opened.Tensors.TryGetValue(name, out CheckpointTensor? tensor)
                        ? tensor
                        : throw new ModelFolderException(folder, $"tensor {name} is missing from {file}, where {WeightsIndexFile} says it is");
                }
            }
            return new Checkpoint(folder, config, generation, files.Values, tensors);
        }
        catch
        {
            foreach (SafetensorsFile file in files.Values)
                file.Dispose();
            config?.Dispose();
            generation?.Dispose();
            throw;
        }
    }

    /// <summary>Names of the weight files of a folder, in order.</summary>
    public static IReadOnlyList<string> WeightFiles(string folder) =>
        GgufCheckpoint.IsIn(folder) ? GgufCheckpoint.Files(folder) : [.. WeightFilesWithTensors(folder).Select(f => f.File)];

    /// <summary>The folder looks like one that <see cref="Open"/> takes; whether it is whole shows when it is opened.</summary>
    public static bool IsIn(string folder) => GgufCheckpoint.IsOneIn(folder)
        || (File.Exists(Path.Combine(folder, ConfigFile)) && (File.Exists(Path.Combine(folder, SingleWeightsFile)) || File.Exists(Path.Combine(folder, WeightsIndexFile))));

    /// <summary>
    /// Puts the checkpoint's tokenizer.json, tokenizer_config.json and what else belongs to them into another folder: copies of the folder's files, or files
    /// written from a GGUF's metadata.
    /// </summary>
    /// <exception cref="ModelFolderException">The metadata holds no tokenizer, or one that is not known.</exception>
    public void WriteTokenizerFiles(string targetFolder)
    {
        if (TokenizerWriter is not null)
        {
            TokenizerWriter(targetFolder);
            return;
        }
        foreach (string name in SourceFingerprint.CopiedFiles.Where(n => File.Exists(Path.Combine(Folder, n))))
            File.Copy(FolderPaths.Inside(Folder, name), Path.Combine(targetFolder, name));
    }

    public bool Has(string name) => _tensors.ContainsKey(name);

    /// <summary>Type of a tensor as its file names it; null where there is no such tensor.</summary>
    public string? TypeOf(string name) => _tensors.GetValueOrDefault(name)?.TypeName;

    /// <exception cref="ModelFolderException">The tensor is missing or has another shape.</exception>
    public CheckpointTensor Tensor(string name, params ReadOnlySpan<long> shape)
    {
        if (!_tensors.TryGetValue(name, out CheckpointTensor? tensor))
            throw new ModelFolderException(Folder, $"tensor {name} is missing");
        _asked.Add(name);
        if (!shape.SequenceEqual([.. tensor.Shape]))
        {
            throw new ModelFolderException(Folder,
                $"tensor {name} in {tensor.FileName} has shape [{string.Join(", ", tensor.Shape)}], where {Config.FileName} asks for [{string.Join(", ", shape.ToArray())}]");
        }
        return tensor;
    }

    public void Dispose()
    {
        foreach (IDisposable file in _files)
            file.Dispose();
        Config.Dispose();
        GenerationConfig?.Dispose();
    }

    /// <summary>Each weight file with the tensors that the index puts there; null for all it has.</summary>
    private static IEnumerable<(string File, IReadOnlyList<string>? Tensors)> WeightFilesWithTensors(string folder)
    {
        string index = FolderPaths.Inside(folder, WeightsIndexFile);
        if (!File.Exists(index))
        {
            if (!File.Exists(Path.Combine(folder, SingleWeightsFile)))
                throw new ModelFolderException(folder, $"there are no weights: neither {SingleWeightsFile} nor {WeightsIndexFile} is there");
            return [(SingleWeightsFile, null)];
        }
        using ConfigReader reader = ConfigReader.Open(folder, WeightsIndexFile);
        if (reader.Find("weight_map") is not { ValueKind: JsonValueKind.Object } map)
            throw reader.Error("weight_map", "is missing or not an object");
        var shards = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String)
                throw reader.Error($"weight_map.{entry.Name}", $"is {ConfigReader.Short(entry.Value)}; a file name is expected");
            string file = entry.Value.GetString()!;
            if (!shards.TryGetValue(file, out List<string>? names))
                shards.Add(file, names = []);
            names.Add(entry.Name);
        }
        if (shards.Count == 0)
            throw reader.Error("weight_map", "is empty");
        return [.. shards.Select(s => (s.Key, (IReadOnlyList<string>?)s.Value))];
    }
}
