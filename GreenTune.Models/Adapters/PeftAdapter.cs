using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Folders;

namespace GreenTune.Models.Adapters;

/// <summary>
/// Reads adapters as Hugging Face's PEFT saves them (adapter_config.json, adapter_model.safetensors) for a folder of ours. Parts that the folder stores
/// packed come together as one pair: their A beside each other, their B along the diagonal. The scale, alpha / rank or alpha / sqrt(rank), goes into B.
/// </summary>
public static partial class PeftAdapter
{
    private const string ConfigFile = "adapter_config.json";
    private const string WeightsFile = "adapter_model.safetensors";

    /// <summary>What PEFT calls a map, where ours is, and which of its parts it is.</summary>
    private static readonly Dictionary<string, (string Target, int Part)> Places = new(StringComparer.Ordinal)
    {
        ["self_attn.q_proj"] = ("attention.qkv", 0),
        ["self_attn.k_proj"] = ("attention.qkv", 1),
        ["self_attn.v_proj"] = ("attention.qkv", 2),
        ["self_attn.qkv_proj"] = ("attention.qkv", -1),
        ["self_attn.o_proj"] = ("attention.output", -1),
        ["mlp.gate_proj"] = ("feed_forward.gate_up", 0),
        ["mlp.up_proj"] = ("feed_forward.gate_up", 1),
        ["mlp.gate_up_proj"] = ("feed_forward.gate_up", -1),
        ["mlp.down_proj"] = ("feed_forward.down", -1),
    };

    /// <exception cref="AdapterException">It is no LoRA adapter, does something that is not served (DoRA, changed embeddings, biases), or does not fit the folder.</exception>
    public static LowRankAdapter Read(string peftFolder, ModelFolder folder)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(peftFolder)));
        if (folder.AdapterTargets.Count == 0)
            throw new AdapterException(name, $"cannot be used: {folder.Id} was not built for adapters; build it with `greentune models build {folder.Id} --adapters`");
        Settings settings = ReadSettings(peftFolder, name);
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(peftFolder, WeightsFile);
            return Read(file, settings, folder, name);
        }
        catch (ModelFolderException e)
        {
            throw new AdapterException(name, $"cannot be read: {e.Message}", e);
        }
    }

    private static LowRankAdapter Read(SafetensorsFile file, Settings settings, ModelFolder folder, string name)
    {
        Dictionary<string, AdapterTarget> targets = folder.AdapterTargets.ToDictionary(t => t.Name, StringComparer.Ordinal);
        var parts = new Dictionary<string, SortedDictionary<int, Part>>(StringComparer.Ordinal);
        foreach (CheckpointTensor down in file.Tensors.Values)
        {
            Match match = TensorName().Match(down.Name);
            if (!match.Success || !Places.TryGetValue(match.Groups["map"].Value, out (string Target, int Part) place))
                throw new AdapterException(name, $"changes {down.Name}; the maps q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj and down_proj of the layers can be changed");
            string target = $"layers.{match.Groups["layer"].Value}.{place.Target}";
            if (!targets.ContainsKey(target))
                throw new AdapterException(name, $"changes {down.Name}, which {folder.Id} does not have: it is for another model");
            bool isDown = match.Groups["side"].Value == "A";
            string other = down.Name.Replace(isDown ? ".lora_A." : ".lora_B.", isDown ? ".lora_B." : ".lora_A.", StringComparison.Ordinal);
            if (!file.Tensors.TryGetValue(other, out CheckpointTensor? up))
                throw new AdapterException(name, $"holds {down.Name} without {other}");
            if (isDown)
            {
                if (!parts.TryGetValue(target, out SortedDictionary<int, Part>? some))
                    parts.Add(target, some = []);
                some.Add(place.Part, Part.Of(down, up, settings, match.Groups["path"].Value, name));
            }
        }
        LowRankPair[] pairs = [.. folder.AdapterTargets.Where(t => parts.ContainsKey(t.Name)).Select(t => Join(t, parts[t.Name], folder, name))];
        return pairs.Length > 0 ? new LowRankAdapter { Pairs = pairs } : throw new AdapterException(name, "is empty");
    }

    private static LowRankPair Join(AdapterTarget target, SortedDictionary<int, Part> parts, ModelFolder folder, string name)
    {
        int[] sizes = Sizes(target, folder);
        int rank = parts.Values.Sum(p => p.Rank);
        var down = new float[target.Inputs * rank];
        var up = new float[rank * target.Outputs];
        int column = 0;
        foreach ((int index, Part part) in parts)
        {
            int first = index < 0 ? 0 : sizes[..index].Sum();
            int outputs = index < 0 ? target.Outputs : sizes[index];
            if (part.Inputs != target.Inputs || part.Outputs != outputs || (index < 0 && parts.Count > 1))
                throw new AdapterException(name, $"changes a map of {part.Inputs} inputs and {part.Outputs} outputs in {target.Name}, where {folder.Id} has {target.Inputs} and {outputs}: it is for another model");
            for (int r = 0; r < part.Rank; r++)
            {
                for (int i = 0; i < target.Inputs; i++)
                    down[(i * rank) + column + r] = part.Down[(r * target.Inputs) + i];
                for (int o = 0; o < outputs; o++)
                    up[((column + r) * target.Outputs) + first + o] = (float)(part.Up[(o * part.Rank) + r] * part.Scale);
            }
            column += part.Rank;
        }
        return new LowRankPair(target, rank, down, up);
    }

    /// <summary>Outputs of the parts that a map is packed from.</summary>
    private static int[] Sizes(AdapterTarget target, ModelFolder folder)
    {
        int keyValue = folder.KeyValueHeads * folder.HeadSize;
        return target.Name.EndsWith(".qkv", StringComparison.Ordinal) ? [target.Outputs - (2 * keyValue), keyValue, keyValue]
            : target.Name.EndsWith(".gate_up", StringComparison.Ordinal) ? [target.Outputs / 2, target.Outputs / 2]
            : [target.Outputs];
    }

    private static Settings ReadSettings(string folder, string name)
    {
        try
        {
            using FileStream file = File.OpenRead(FolderPaths.Inside(folder, ConfigFile));
            Settings settings = JsonSerializer.Deserialize<Settings>(file, Json) ?? throw new AdapterException(name, $"has an empty {ConfigFile}");
            string? wrong = settings switch
            {
                { PeftType: not "LORA" } => $"peft_type is {settings.PeftType ?? "missing"}; LORA is read",
                { UseDora: true } => "use_dora is true; DoRA is not served",
                { Bias: not (null or "none") } => $"bias is {settings.Bias}; none is served",
                { ModulesToSave.Length: > 0 } => "modules_to_save names whole layers; low-rank changes alone are served",
                { R: < 1 or > LowRankAdapter.MaximumRank } => $"r is {settings.R}; 1 to {LowRankAdapter.MaximumRank} is read",
                _ when !double.IsFinite(settings.LoraAlpha) || settings.LoraAlpha <= 0 => $"lora_alpha is {settings.LoraAlpha.ToString(CultureInfo.InvariantCulture)}; a number above 0 is expected",
                _ => null,
            };
            return wrong is null ? settings : throw new AdapterException(name, $"cannot be used: {ConfigFile}: {wrong}");
        }
        catch (JsonException e)
        {
            throw new AdapterException(name, $"cannot be used: {ConfigFile} is not valid: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ModelFolderException)
        {
            throw new AdapterException(name, $"cannot be read: {ConfigFile}: {e.Message}", e);
        }
    }

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    // base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight
    [GeneratedRegex(@"\A(?:base_model\.model\.)?(?<path>model\.layers\.(?<layer>0|[1-9][0-9]{0,4})\.(?<map>[a-z_]+\.[a-z_]+))\.lora_(?<side>[AB])\.(?:default\.)?weight\z")]
    private static partial Regex TensorName();

    /// <summary>What of adapter_config.json matters.</summary>
    private sealed record Settings
    {
        public string? PeftType { get; init; }

        public int R { get; init; }

        public double LoraAlpha { get; init; }

        public bool UseRslora { get; init; }

        public bool UseDora { get; init; }

        public string? Bias { get; init; }

        public string[]? ModulesToSave { get; init; }

        public Dictionary<string, double>? AlphaPattern { get; init; }

        /// <summary>PEFT's own rule: a pattern is the end of a map's name, whole or as a regular expression; names alone are read here.</summary>
        public double Alpha(string path) => Pattern(AlphaPattern, path) ?? LoraAlpha;

        private static double? Pattern(Dictionary<string, double>? patterns, string path)
        {
            foreach ((string pattern, double value) in patterns ?? [])
            {
                if (path == pattern || path.EndsWith("." + pattern, StringComparison.Ordinal))
                    return value;
            }
            return null;
        }
    }

    /// <param name="Inputs">Columns of A.</param>
    /// <param name="Outputs">Rows of B.</param>
    /// <param name="Rank">Rows of A.</param>
    /// <param name="Down">A, [rank, inputs].</param>
    /// <param name="Up">B, [outputs, rank].</param>
    /// <param name="Scale">What A x B is multiplied with.</param>
    private sealed record Part(int Inputs, int Outputs, int Rank, float[] Down, float[] Up, double Scale)
    {
        public static Part Of(CheckpointTensor down, CheckpointTensor up, Settings settings, string path, string name)
        {
            if (down.Shape is not [var rank, var inputs] || up.Shape is not [var outputs, var second] || rank != second || rank is < 1 or > LowRankAdapter.MaximumRank || inputs > int.MaxValue || outputs > int.MaxValue)
                throw new AdapterException(name, $"gives {down.Name} and {up.Name} the shapes [{string.Join(", ", down.Shape)}] and [{string.Join(", ", up.Shape)}], where [rank, inputs] and [outputs, rank] are expected");
            double scale = settings.Alpha(path) / (settings.UseRslora ? Math.Sqrt(rank) : rank);
            return new Part((int)inputs, (int)outputs, (int)rank, Values(down, name), Values(up, name), scale);
        }

        private static float[] Values(CheckpointTensor tensor, string name)
        {
            var values = new float[checked((int)(tensor.Shape[0] * tensor.Shape[1]))];
            tensor.Read(0, values);
            return values.All(float.IsFinite) ? values : throw new AdapterException(name, $"holds a number in {tensor.Name} that is not finite");
        }
    }
}
