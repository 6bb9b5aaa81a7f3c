using System.Text.Json;
using GreenTune.Models.Checkpoints;

namespace GreenTune.Models.Architectures;

/// <summary>
/// Reads how positions turn. Published checkpoints have top-level <c>rope_theta</c> with <c>rope_scaling</c> beside it, newer ones both in <c>rope_parameters</c>:
/// <c>"rope_theta": 500000.0, "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
/// "original_max_position_embeddings": 8192}</c>.
/// </summary>
internal static class RotaryReader
{
    private const double DefaultTheta = 10000;

    /// <summary>Tensor with a factor for each pair, in GGUF files.</summary>
    private const string FactorsTensor = "rope_freqs.weight";

    private static readonly Dictionary<string, string[]> Fields = new(StringComparer.Ordinal)
    {
        ["default"] = [],
        ["linear"] = ["factor"],
        ["llama3"] = ["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"],
        ["longrope"] = ["long_factor", "short_factor", "factor", "attention_factor", "original_max_position_embeddings"],
        ["factors"] = [],
    };

    /// <param name="checkpoint">Settings, and the factors of a GGUF file.</param>
    /// <param name="headSize">Size of a head; all of it turns.</param>
    /// <param name="wantedContext">Positions that the folder shall serve; null for as many as the model's settings say.</param>
    /// <returns>The table, and the positions that it serves.</returns>
    public static (RotaryTable Table, int ContextLength) Read(Checkpoint checkpoint, int headSize, int? wantedContext)
    {
        ConfigReader config = checkpoint.Config;
        string section = config.Find("rope_parameters") is null ? "rope_scaling" : "rope_parameters";
        ConfigReader? parameters = config.OptionalSection(section);
        string type = Type(config, parameters, section);
        RefusePartial(config);
        double theta = parameters?.OptionalPositive("rope_theta") ?? config.OptionalPositive("rope_theta") ?? DefaultTheta;
        int maximum = config.Integer("max_position_embeddings", maximum: 1 << 24);
        int context = Context(config, wantedContext, maximum);
        var plain = RotaryTable.Unscaled(theta, headSize);
        return type switch
        {
            "linear" => (plain.Slowed(Constant(Positive(parameters!, "factor"))), context),
            "llama3" => (Llama3(plain, parameters!), context),
            "longrope" => LongRope(config, parameters!, plain, maximum, wantedContext),
            "factors" => (plain.Slowed(Index(WeightMatrix.Vector(checkpoint.Tensor(FactorsTensor, headSize / 2)).Row(0))), context),
            _ => (plain, context),
        };
    }

    private static string Type(ConfigReader config, ConfigReader? parameters, string section)
    {
        if (parameters is null)
            return "default";
        string type = parameters.OptionalText("rope_type") ?? parameters.OptionalText("type") ?? (section == "rope_parameters" ? "default" : throw parameters.Error("rope_type", "is missing"));
        if (type == "su")
            type = "longrope";
        if (!Fields.TryGetValue(type, out string[]? known))
            throw parameters.Error("rope_type", $"is {type}; {string.Join(", ", Fields.Keys)} are handled");
        foreach (JsonProperty property in config.Find(section)!.Value.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Null && property.Name is not ("rope_theta" or "rope_type" or "type" or "partial_rotary_factor") && !known.Contains(property.Name))
                throw config.Error(section, $"has {property.Name}, which rope_type {type} does not know");
        }
        return type;
    }

    private static void RefusePartial(ConfigReader config)
    {
        foreach (ConfigReader? place in (ConfigReader?[])[config, config.OptionalSection("rope_parameters"), config.OptionalSection("rope_scaling")])
        {
            if (place?.OptionalPositive("partial_rotary_factor") is { } part && part != 1)
                throw place.Error("partial_rotary_factor", $"is {part}; 1 is handled, where all of a head turns");
        }
    }

    private static int Context(ConfigReader config, int? wanted, int maximum) => wanted is null ? maximum
        : wanted <= maximum ? wanted.Value
        : throw config.Error("max_position_embeddings", $"is {maximum}, which is less than the {wanted} positions that are asked for");

    private static RotaryTable Llama3(RotaryTable plain, ConfigReader parameters)
    {
        double low = Positive(parameters, "low_freq_factor");
        double high = Positive(parameters, "high_freq_factor");
        if (high <= low)
            throw parameters.Error("high_freq_factor", $"is {high}, which is not above low_freq_factor ({low})");
        return plain.Llama3(Positive(parameters, "factor"), low, high, parameters.Integer("original_max_position_embeddings"));
    }

    /// <summary>
    /// LongRoPE (Ding et al., arXiv 2402.13753): one list of factors for texts up to the original context, another for longer ones, and a common scale
    /// sqrt(1 + ln(s) / ln(original)), where s is how much longer the context became. One folder serves one of the two: the short factors unless
    /// more positions than the original ones are asked for.
    /// </summary>
    private static (RotaryTable Table, int ContextLength) LongRope(ConfigReader config, ConfigReader parameters, RotaryTable plain, int maximum, int? wantedContext)
    {
        int original = config.OptionalInteger("original_max_position_embeddings") ?? parameters.Integer("original_max_position_embeddings");
        int context = Context(config, wantedContext ?? Math.Min(original, maximum), maximum);
        string list = context <= original ? "short_factor" : "long_factor";
        float[] factors = Numbers(parameters, list);
        if (factors.Length != plain.Frequencies.Count)
            throw parameters.Error(list, $"has {factors.Length} numbers, where half a head has {plain.Frequencies.Count}");
        double longer = (double)maximum / original;
        double scale = parameters.OptionalPositive("attention_factor") ?? (longer <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(longer) / Math.Log(original))));
        return (plain.Slowed(Index(factors), (float)scale), context);
    }

    private static float[] Numbers(ConfigReader parameters, string field)
    {
        if (parameters.Find(field) is not { ValueKind: JsonValueKind.Array } list)
            throw parameters.Error(field, "is missing or no list");
        return [.. list.EnumerateArray().Select(n => (float)parameters.Positive(field, n))];
    }

    private static double Positive(ConfigReader parameters, string field) => parameters.OptionalPositive(field) ?? throw parameters.Error(field, "is missing");

    private static Func<int, float> Constant(double factor) => _ => (float)factor;

    private static Func<int, float> Index(float[] factors) => i => factors[i];
}
