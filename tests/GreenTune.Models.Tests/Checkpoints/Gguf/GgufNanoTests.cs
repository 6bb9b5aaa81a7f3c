using System.Text.Json.Nodes;
using GreenTune.Models.Architectures;
using GreenTune.Models.Building;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Folders;
using GreenTune.Models.Tests.Support;
using GreenTune.Models.Tokenization;

namespace GreenTune.Models.Tests.Checkpoints.Gguf;

/// <summary>The files that llama.cpp's own tools made of greentune-nano, against the safetensors they were made from.</summary>
public sealed class GgufNanoTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_tensor_of_the_f16_file_is_that_of_the_safetensors()
    {
        using Checkpoint expected = Checkpoint.Open(Repository.Nano);
        using Checkpoint gguf = Checkpoint.Open(SharedGguf.Put("f16", _folder["f16"]));
        string[] names = [.. expected.UnreadTensors.Where(t => t != "lm_head.weight").Order(StringComparer.Ordinal)];
        Assert.Equal(names, gguf.UnreadTensors.Order(StringComparer.Ordinal));
        Assert.Equal(56, names.Length);
        foreach (string name in names)
            Assert.Equal(Read(expected, name), Read(gguf, name));
        Assert.False(gguf.IsQuantized);
    }

    // Largest relative error of a matrix, root mean square; some above what llama.cpp's quantiser has for the file's coarsest type.
    [Theory]
    [InlineData("q8_0", 0.01)]
    [InlineData("q6_k", 0.03)]
    [InlineData("q5_k_m", 0.05)]
    [InlineData("q5_1", 0.05)]
    [InlineData("q5_0", 0.06)]
    [InlineData("q4_k_m", 0.1)]
    [InlineData("q4_1", 0.1)]
    [InlineData("q4_0", 0.12)]
    [InlineData("q3_k_m", 0.25)]
    [InlineData("q2_k", 0.45)]
    public void Every_tensor_of_a_quantised_file_is_within_its_types_error(string type, double bound)
    {
        using Checkpoint expected = Checkpoint.Open(Repository.Nano);
        using Checkpoint gguf = Checkpoint.Open(SharedGguf.Put(type, _folder[type]));
        Assert.True(gguf.IsQuantized);
        double worst = 0;
        foreach (string name in gguf.UnreadTensors.ToArray())
        {
            float[] right = Read(expected, name), read = Read(gguf, name);
            double error = 0, size = 0;
            for (int i = 0; i < right.Length; i++)
            {
                error += Math.Pow(right[i] - read[i], 2);
                size += Math.Pow(right[i], 2);
            }
            double relative = Math.Sqrt(error / size);
            worst = Math.Max(worst, relative);
            Assert.True(relative <= bound, $"{name} differs by {relative:P2}");
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{type}: {worst:P2}");
        // Far below the bound it would not be the type that the name says.
        Assert.True(worst > bound / 6, $"the worst tensor differs by {worst:P2} only");
    }

    [Fact]
    public void The_config_is_that_of_the_safetensors_in_every_field_that_matters()
    {
        using Checkpoint expected = Checkpoint.Open(Repository.Nano);
        using Checkpoint gguf = Checkpoint.Open(SharedGguf.Put("f16", _folder["f16"]));
        foreach (string field in (ReadOnlySpan<string>)["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
            "vocab_size", "max_position_embeddings", "bos_token_id", "eos_token_id", "pad_token_id"])
        {
            Assert.Equal(expected.Config.Integer(field, 0), gguf.Config.Integer(field, 0));
        }
        foreach (string field in (ReadOnlySpan<string>)["rms_norm_eps", "rope_theta"])
            Assert.Equal(expected.Config.OptionalPositive(field), gguf.Config.OptionalPositive(field));
        foreach (string field in (ReadOnlySpan<string>)["architectures", "model_type", "hidden_act", "tie_word_embeddings", "attention_bias", "mlp_bias"])
            Assert.Equal(Compact(expected, field), Compact(gguf, field));
        Assert.Equal(DecoderArchitectures.Read(expected).Shape, DecoderArchitectures.Read(gguf).Shape);
    }

    [Fact]
    public void The_written_tokenizer_encodes_as_the_original_does_and_has_its_template()
    {
        string written = _folder["written"];
        Directory.CreateDirectory(written);
        using (Checkpoint gguf = Checkpoint.Open(SharedGguf.Put("q4_0", _folder["q4_0"])))
            gguf.WriteTokenizerFiles(written);
        using var ours = ChatTokenizer.Open(written);
        using var original = ChatTokenizer.Open(Repository.Nano);
        string all = File.ReadAllText(Path.Combine(SharedGguf.Folder, "text.txt"));
        string[] texts =
        [
            all, .. all.Split('\n'), .. ExpectedAnswer.Of("greentune-nano").Select(a => a.Prompt),
            "", " ", "  two  spaces", "\n\n\n", "\t tabs\r\n", "don't we'll I'M", "12345 and 3.14159", "naïve façade – “quotes”", "日本語のテキスト", "emoji 👩‍👩‍👧 🇬🇧", "a<|im_end|>b<|endoftext|>",
        ];
        foreach (string text in texts)
        {
            Assert.Equal(original.Encode(text), ours.Encode(text));
            Assert.Equal(original.EncodeText(text), ours.EncodeText(text));
            Assert.Equal(text, ours.Decode(ours.EncodeText(text)));
        }
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(written, "tokenizer_config.json")))!;
        JsonNode expected = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Nano, "tokenizer_config.json")))!;
        foreach (string field in (ReadOnlySpan<string>)["chat_template", "bos_token", "eos_token", "pad_token", "tokenizer_class", "add_bos_token", "add_prefix_space"])
            Assert.Equal(expected[field]!.ToJsonString(), config[field]!.ToJsonString());
        ChatMessage[] conversation = [new("system", "Be brief."), new("user", "Hello <|im_end|>"), new("assistant", "Hi"), new("user", "Bye")];
        Assert.Equal(original.ApplyChatTemplate(conversation, true), ours.ApplyChatTemplate(conversation, true));
        Assert.Equal(original.EncodeChat(conversation, true), ours.EncodeChat(conversation, true));
    }

    [Fact]
    public async Task A_folder_built_from_the_f16_file_gives_the_expected_answers()
    {
        string source = SharedGguf.Put("f16", _folder["nano-f16"]);
        ModelFolder folder = await Fixtures.BuildAsync(source, _folder["out"], Precision.Fp32);
        Assert.False(folder.Manifest!.Source.Quantized);
        using var tokenizer = ChatTokenizer.Open(_folder["out"]);
        using var engine = new EngineLoop(folder, capacity: 512);
        foreach (ExpectedAnswer expected in ExpectedAnswer.Of("greentune-nano").Where((_, i) => i % 4 == 0))
        {
            Assert.Equal(expected.PromptIds, tokenizer.EncodeChat([new("user", expected.Prompt)], true));
            Assert.Equal(expected.Tokens, engine.Answer(expected.PromptIds, 96));
        }
    }

    [Fact]
    public async Task A_folder_built_from_a_quantised_file_says_so()
    {
        string source = SharedGguf.Put("q4_0", _folder["nano-q4_0"]);
        ModelFolder folder = await Fixtures.BuildAsync(source, _folder["out"], Precision.Int4);
        Assert.True(folder.Manifest!.Source.Quantized);
        Assert.Equal("greentune-nano-q4_0.gguf", Assert.Single(folder.Manifest.Source.Weights).Name);
        Assert.Equal([2, 0], folder.StopTokenIds);
    }

    private static string Compact(Checkpoint checkpoint, string field) => JsonNode.Parse(checkpoint.Config.Find(field)!.Value.GetRawText())!.ToJsonString();

    private static float[] Read(Checkpoint checkpoint, string name)
    {
        // The shape is whatever the other file says: asking with a wrong one is an error.
        long[] shape = Shape(name);
        CheckpointTensor tensor = checkpoint.Tensor(name, shape);
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        tensor.Read(0, values);
        return values;
    }

    private static long[] Shape(string name) => name.Split('.')[^2] switch
    {
        "embed_tokens" => [8192, 256],
        "q_proj" or "o_proj" => [256, 256],
        "k_proj" or "v_proj" => [128, 256],
        "gate_proj" or "up_proj" => [768, 256],
        "down_proj" => [256, 768],
        _ => [256],
    };
}
