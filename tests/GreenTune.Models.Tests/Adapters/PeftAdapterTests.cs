using System.Text.Json.Nodes;
using GreenTune.Models.Adapters;
using GreenTune.Models.Architectures;
using GreenTune.Models.Building;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Folders;
using GreenTune.Models.Onnx;
using GreenTune.Models.Tests.Support;

namespace GreenTune.Models.Tests.Adapters;

public sealed class PeftAdapterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TinyCheckpoint _tiny = new();
    private readonly JsonObject _config = new() { ["peft_type"] = "LORA", ["r"] = 3, ["lora_alpha"] = 12, ["bias"] = "none", ["target_modules"] = new JsonArray("q_proj", "v_proj") };

    /// <summary>As PEFT has them: A [rank, inputs], B [outputs, rank].</summary>
    private readonly Dictionary<string, SafetensorsWriter.Tensor> _tensors = new(StringComparer.Ordinal);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false, 4.0)]
    [InlineData(true, 6.928203230275509)]
    public async Task An_imported_adapter_gives_the_logits_of_weights_that_it_was_merged_into(bool rootScaled, double scale)
    {
        _config["use_rslora"] = rootScaled;
        ModelFolder folder = await BuildAsync();
        foreach ((string map, int inputs, int outputs) in new[] { ("self_attn.q_proj", 64, 64), ("self_attn.v_proj", 64, 32), ("self_attn.o_proj", 64, 64), ("mlp.up_proj", 64, 96), ("mlp.down_proj", 96, 64) })
        {
            for (int layer = 0; layer < TinyCheckpoint.Layers; layer++)
                Add($"model.layers.{layer}.{map}", inputs, outputs, 3, scale);
        }
        LowRankAdapter adapter = PeftAdapter.Read(Save(), folder);
        Assert.Equal(6, adapter.Rank);
        using Checkpoint merged = Checkpoint.Open(_tiny.Save(_folder["merged"]));
        AdaptedFolderTests.Compare(DecoderArchitectures.Read(merged), AdaptedFolderTests.Logits(folder, adapter));
    }

    [Theory]
    [InlineData("peft_type", "\"IA3\"", "peft_type is IA3")]
    [InlineData("use_dora", "true", "DoRA")]
    [InlineData("bias", "\"all\"", "bias is all")]
    [InlineData("modules_to_save", "[\"lm_head\"]", "modules_to_save")]
    [InlineData("r", "0", "r is 0")]
    [InlineData("lora_alpha", "-1", "lora_alpha is -1")]
    [InlineData("r", "\"three\"", "is not valid")]
    public async Task What_is_not_served_is_refused_by_its_field(string field, string value, string expected)
    {
        ModelFolder folder = await BuildAsync();
        Add("model.layers.0.self_attn.q_proj", 64, 64, 3, 4);
        _config[field] = JsonNode.Parse(value);
        string peft = Save();
        Assert.Contains(expected, Assert.Throws<AdapterException>(() => PeftAdapter.Read(peft, folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.layers.7.self_attn.q_proj", 64, 64, "it is for another model")]
    [InlineData("model.layers.0.self_attn.q_proj", 64, 48, "it is for another model")]
    [InlineData("model.layers.0.mlp.experts_proj", 64, 64, "can be changed")]
    public async Task An_adapter_of_another_model_is_refused(string map, int inputs, int outputs, string expected)
    {
        ModelFolder folder = await BuildAsync();
        Add(map, inputs, outputs, 3, 4, merge: false);
        string peft = Save();
        Assert.Contains(expected, Assert.Throws<AdapterException>(() => PeftAdapter.Read(peft, folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_without_its_files_is_refused()
    {
        ModelFolder folder = await BuildAsync();
        Directory.CreateDirectory(_folder["empty"]);
        Assert.Contains("adapter_config.json", Assert.Throws<AdapterException>(() => PeftAdapter.Read(_folder["empty"], folder)).Message, StringComparison.Ordinal);
        File.WriteAllText(_folder["empty/adapter_config.json"], _config.ToJsonString());
        Assert.Contains("adapter_model.safetensors", Assert.Throws<AdapterException>(() => PeftAdapter.Read(_folder["empty"], folder)).Message, StringComparison.Ordinal);
    }

    private Task<ModelFolder> BuildAsync() =>
        Fixtures.BuildAsync(_tiny.Save(_folder["source"]), _folder["adapted"], new BuildOptions { Precision = Precision.Fp32, Provider = Provider.Cpu, Adapters = true });

    private string Save()
    {
        Directory.CreateDirectory(_folder["peft"]);
        File.WriteAllText(_folder["peft/adapter_config.json"], _config.ToJsonString());
        SafetensorsWriter.Write(_folder["peft/adapter_model.safetensors"], _tensors.Values);
        return _folder["peft"];
    }

    /// <summary>Adds a map's pair, and its product to the checkpoint's weights.</summary>
    private void Add(string map, int inputs, int outputs, int rank, double scale, bool merge = true)
    {
        var random = new Random(map.Length + inputs * 31 + outputs);
        float[] down = [.. Enumerable.Range(0, rank * inputs).Select(_ => (float)(random.NextDouble() - 0.5) * 0.2f)];
        float[] up = [.. Enumerable.Range(0, outputs * rank).Select(_ => (float)(random.NextDouble() - 0.5) * 0.2f)];
        _tensors[map + ".a"] = SafetensorsWriter.Float32($"base_model.model.{map}.lora_A.weight", [rank, inputs], down);
        _tensors[map + ".b"] = SafetensorsWriter.Float32($"base_model.model.{map}.lora_B.weight", [outputs, rank], up);
        if (!merge)
            return;
        float[] weights = FloatTypes.ToFloats(_tiny.Tensors[map + ".weight"].Bytes, Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float);
        for (int o = 0; o < outputs; o++)
        {
            for (int i = 0; i < inputs; i++)
            {
                double change = 0;
                for (int r = 0; r < rank; r++)
                    change += up[(o * rank) + r] * down[(r * inputs) + i];
                weights[(o * inputs) + i] += (float)(scale * change);
            }
        }
        _tiny.Tensors[map + ".weight"] = SafetensorsWriter.Float32(map + ".weight", [outputs, inputs], weights);
    }
}
