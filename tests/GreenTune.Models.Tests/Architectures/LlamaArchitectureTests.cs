using System.Text.Json.Nodes;
using GreenTune.Models.Architectures;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Tests.Support;

namespace GreenTune.Models.Tests.Architectures;

public sealed class LlamaArchitectureTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TinyCheckpoint _tiny = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("hidden_act", "\"gelu\"")]
    [InlineData("pretraining_tp", "2")]
    [InlineData("quantization_config", "{\"bits\": 4}")]
    [InlineData("sliding_window", "4096")]
    [InlineData("rope_scaling", "{\"type\": \"yarn\", \"factor\": 2.0}")]
    [InlineData("rope_scaling", "{\"type\": \"linear\"}")]
    [InlineData("rope_scaling", "{\"type\": \"linear\", \"factor\": 2.0, \"beta\": 1}")]
    [InlineData("rope_scaling", "{\"factor\": 2.0}")]
    [InlineData("rope_parameters", "{\"rope_type\": \"llama3\", \"factor\": 8.0}")]
    [InlineData("partial_rotary_factor", "0.5")]
    [InlineData("architectures", "[\"OtherForCausalLM\"]")]
    [InlineData("architectures", "null")]
    [InlineData("num_key_value_heads", "3")]
    [InlineData("head_dim", "12")]
    [InlineData("num_hidden_layers", "0")]
    [InlineData("hidden_size", "\"64\"")]
    [InlineData("vocab_size", "1.5")]
    [InlineData("rms_norm_eps", "-1")]
    [InlineData("rms_norm_eps", "null")]
    [InlineData("rope_theta", "0")]
    [InlineData("tie_word_embeddings", "1")]
    public void A_config_that_is_not_handled_is_refused_by_the_name_of_its_field(string field, string value)
    {
        _tiny.Config[field] = JsonNode.Parse(value);
        using Checkpoint checkpoint = Checkpoint.Open(_tiny.Save(_folder.Path));
        var e = Assert.Throws<ModelFolderException>(() => DecoderArchitectures.Read(checkpoint));
        Assert.Contains($"config.json: {field}", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("attention_bias", "model.layers.0.self_attn.q_proj.bias")]
    [InlineData("mlp_bias", "model.layers.0.mlp.gate_proj.bias")]
    public void A_bias_that_the_config_promises_must_be_there(string field, string tensor)
    {
        _tiny.Config[field] = true;
        Assert.Contains($"tensor {tensor} is missing", Assert.Throws<ModelFolderException>(() => Read("biased")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_spellings_of_the_rotary_base_mean_the_same()
    {
        _tiny.Config["rope_theta"] = 500000.0;
        DecoderModel older = Read("older");
        _tiny.Config.Remove("rope_theta");
        _tiny.Config["rope_parameters"] = new JsonObject { ["rope_theta"] = 500000.0, ["rope_type"] = "default" };
        Assert.Equal(older.Rotary.Frequencies, Read("newer").Rotary.Frequencies);
        Assert.Equal(1f / MathF.Sqrt(MathF.Sqrt(500000f)), older.Rotary.Frequencies[2], 1e-6f);
    }

    [Fact]
    public void What_a_config_leaves_out_follows_from_the_rest()
    {
        foreach (string field in new[] { "head_dim", "num_key_value_heads", "rope_theta", "tie_word_embeddings" })
            _tiny.Config.Remove(field);
        _tiny.Tensors["lm_head.weight"] = SafetensorsWriter.Float32("lm_head.weight", [TinyCheckpoint.Vocabulary, TinyCheckpoint.Hidden], new float[TinyCheckpoint.Vocabulary * TinyCheckpoint.Hidden]);
        foreach (string part in new[] { "k", "v" })
        {
            for (int i = 0; i < TinyCheckpoint.Layers; i++)
            {
                string name = $"model.layers.{i}.self_attn.{part}_proj.weight";
                _tiny.Tensors[name] = SafetensorsWriter.Float32(name, [64, 64], new float[64 * 64]);
            }
        }
        DecoderModel model = Read("model");
        Assert.Equal((16, 4, false), (model.Shape.HeadSize, model.Shape.KeyValueHeads, model.Shape.TiedEmbeddings));
        Assert.NotNull(model.Head);
        Assert.Equal(1f, model.Rotary.Frequencies[0]);
    }

    [Theory]
    [InlineData("greentune-nano", 6_819_072)]
    [InlineData("greentune-tiny", 22_029_696)]
    public void Parameters_of_the_embedded_models_are_those_of_their_cards(string model, long parameters)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(Repository.Models, model));
        Assert.Equal(parameters, DecoderArchitectures.Read(checkpoint).Parameters);
    }

    private DecoderModel Read(string name)
    {
        using Checkpoint checkpoint = Checkpoint.Open(_tiny.Save(_folder[name]));
        return DecoderArchitectures.Read(checkpoint);
    }
}
