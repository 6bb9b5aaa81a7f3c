using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace GreenTune.Models.Checkpoints.Gguf;

/// <summary>Opens a GGUF file, or the parts of one, as a checkpoint with Hugging Face's names.</summary>
internal static partial class GgufCheckpoint
{
    private const string Extension = ".gguf";

    /// <summary>A folder with GGUF files and no config.json: with one, it is a Hugging Face folder.</summary>
    public static bool IsIn(string folder) => Directory.Exists(folder) && !File.Exists(Path.Combine(folder, Checkpoint.ConfigFile)) && Names(folder).Count > 0;

    /// <summary>A folder whose GGUF files are one model.</summary>
    public static bool IsOneIn(string folder)
    {
        if (!IsIn(folder))
            return false;
        try
        {
            return Files(folder).Count > 0;
        }
        catch (ModelFolderException)
        {
            return false;
        }
    }

    /// <summary>The file of a folder, or all parts of a split one in order.</summary>
    /// <exception cref="ModelFolderException">There are several, or a part is missing.</exception>
    public static IReadOnlyList<string> Files(string folder)
    {
        IReadOnlyList<string> names = Names(folder);
        if (SplitName().Match(names[0]) is { Success: true } first)
        {
            string stem = first.Groups["stem"].Value;
            // Five digits at most: a name cannot ask for more parts than can be listed.
            int parts = int.Parse(first.Groups["of"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
            string[] expected = [.. Enumerable.Range(1, parts).Select(i => FormattableString.Invariant($"{stem}-{i:D5}-of-{parts:D5}{Extension}"))];
            if (expected.FirstOrDefault(n => !names.Contains(n)) is { } missing)
                throw new ModelFolderException(folder, $"{missing} is missing: the model is split into {parts} parts");
            if (names.Count == parts && parts > 0)
                return expected;
        }
        return names.Count == 1
            ? names
            : throw new ModelFolderException(folder, $"there are {names.Count} GGUF files: {string.Join(", ", names.Take(8))}{(names.Count > 8 ? ", ..." : "")}. Give each a folder of its own");
    }

    public static Checkpoint Open(string folder)
    {
        var files = new List<GgufFile>();
        try
        {
            IReadOnlyList<string> names = Files(folder);
            foreach (string name in names)
            {
                files.Add(GgufFile.Open(folder, name));
                CheckPart(files[^1], names.Count);
            }
            return Read(folder, files);
        }
        catch
        {
            foreach (GgufFile file in files)
                file.Dispose();
            throw;
        }
    }

    private static Checkpoint Read(string folder, List<GgufFile> files)
    {
        // Of a split model the first part has the metadata.
        GgufFile head = files[0];
        var architecture = GgufArchitecture.Of(head.Metadata);
        int headSize = GgufConfig.HeadSize(head.Metadata, architecture);
        var stored = new Dictionary<string, GgufTensor>(StringComparer.Ordinal);
        bool quantized = false;
        foreach (GgufFile file in files)
        {
            foreach (GgufTensorInfo info in file.Tensors)
            {
                quantized |= info.Type.IsQuantized();
                bool interleaved = architecture.IsInterleaved(info.Name);
                var tensor = new GgufTensor(file.File, info, architecture.TensorName(info.Name), interleaved ? headSize : null);
                if (interleaved && info.Shape[0] % headSize != 0)
                    throw tensor.Error($"has {info.Shape[0]} rows, which the head size {headSize} does not divide");
                if (!stored.TryAdd(info.Name, tensor))
                    throw tensor.Error("is in another part of the model too");
            }
        }
        JsonObject config = GgufConfig.Read(head.Metadata, architecture, stored.Keys.ToHashSet(StringComparer.Ordinal), Factors, out IReadOnlyDictionary<string, string> keys);
        JsonObject generation = GgufTokenizer.Generation(head.Metadata);
        var tensors = stored.Values
            .Where(t => t.Name is not (GgufArchitecture.LongFactors or GgufArchitecture.ShortFactors))
            .ToDictionary(t => t.Name, CheckpointTensor (t) => t, StringComparer.Ordinal);
        return new Checkpoint(folder, ConfigReader.FromMemory(folder, head.Name, config, keys), ConfigReader.FromMemory(folder, head.Name, generation, keys), files, tensors)
        {
            IsQuantized = quantized,
            TokenizerWriter = target => GgufTokenizer.Read(head.Metadata).Write(target),
        };

        float[] Factors(string name)
        {
            GgufTensor tensor = stored[name];
            if (tensor.Shape is not [> 0 and <= 1 << 16])
                throw tensor.Error($"has shape [{string.Join(", ", tensor.Shape)}]; one factor per pair of a head is expected");
            var values = new float[tensor.Shape[0]];
            tensor.Read(0, values);
            return Array.TrueForAll(values, v => float.IsFinite(v) && v > 0) ? values : throw tensor.Error("has a factor that is not a positive number");
        }
    }

    private static void CheckPart(GgufFile file, int parts)
    {
        const string countKey = "split.count";
        if (file.Metadata.OptionalInteger(countKey, 0) is { } count and > 1 && count != parts)
            throw file.Metadata.Error(countKey, $"is {count}, where {parts} {(parts == 1 ? "file is" : "files are")} there; the parts are named like model-00001-of-{count:D5}.gguf");
    }

    private static IReadOnlyList<string> Names(string folder) =>
    [
        .. Directory.EnumerateFiles(folder)
            .Select(f => Path.GetFileName(f))
            .Where(n => n.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) && !n.StartsWith('.'))
            .Order(StringComparer.Ordinal),
    ];

    [GeneratedRegex(@"^(?<stem>.+)-[0-9]{5}-of-(?<of>[0-9]{5})\.gguf$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex SplitName();
}
