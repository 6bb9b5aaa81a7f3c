using System.Runtime.InteropServices;
using GreenTune.Models.Architectures;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Checkpoints.Gguf;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;
using GreenTune.Models.Tests.Support;

namespace GreenTune.Models.Tests.Checkpoints.Gguf;

public sealed class GgufCheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Metadata_is_read_as_config_json_spells_it()
    {
        using Checkpoint checkpoint = Open(TinyGguf.Llama());
        ConfigReader config = checkpoint.Config;
        Assert.Equal("LlamaForCausalLM", config.Find("architectures")!.Value[0].GetString());
        Assert.Equal(TinyGguf.Hidden, config.Integer("hidden_size"));
        Assert.Equal(TinyGguf.Intermediate, config.Integer("intermediate_size"));
        Assert.Equal(TinyGguf.Layers, config.Integer("num_hidden_layers"));
        Assert.Equal(TinyGguf.Heads, config.Integer("num_attention_heads"));
        Assert.Equal(TinyGguf.KeyValueHeads, config.Integer("num_key_value_heads"));
        Assert.Equal(TinyGguf.HeadSize, config.Integer("head_dim"));
        Assert.Equal(128, config.Integer("max_position_embeddings"));
        Assert.Equal(TinyGguf.Tokens.Count, config.Integer("vocab_size"));
        Assert.Equal(1e-5, config.OptionalPositive("rms_norm_eps"));
        Assert.Equal(10000, config.OptionalPositive("rope_theta"));
        Assert.True(config.OptionalBoolean("tie_word_embeddings", false));
        Assert.Null(config.Find("rope_scaling"));
        Assert.Null(config.Find("sliding_window"));
        Assert.Equal([2], config.TokenIds("eos_token_id"));
        Assert.Equal([2, 0], checkpoint.GenerationConfig!.TokenIds("eos_token_id"));
        Assert.False(checkpoint.IsQuantized);
        DecoderShape shape = DecoderArchitectures.Read(checkpoint).Shape;
        Assert.Equal((TinyGguf.Layers, TinyGguf.HeadSize), (shape.Layers, shape.HeadSize));
    }

    [Fact]
    public void Errors_about_settings_name_the_file_and_its_own_key()
    {
        Refused(TinyGguf.Llama().Without("llama.block_count"), "model.gguf: llama.block_count (num_hidden_layers) is missing");
        Refused(TinyGguf.Llama().UInt32("llama.attention.head_count_kv", 3), "llama.attention.head_count_kv (num_key_value_heads) is 3");
        Refused(TinyGguf.Llama().Text("llama.context_length", "long"), "llama.context_length is 'long'; a whole number");
        Refused(TinyGguf.Llama().UInt32("llama.attention.head_count", 5), "llama.embedding_length is 64, which llama.attention.head_count (5) does not divide");
        Refused(TinyGguf.Llama().UInt32("llama.attention.value_length", 8), "llama.attention.value_length is 8, where keys have 16");
        Refused(TinyGguf.Llama().UInt32("llama.rope.dimension_count", 32), "llama.rope.dimension_count is 32, where heads have 16");
        Refused(TinyGguf.Llama().UInt32("llama.feed_forward_length", 128), "tensor model.layers.0.mlp.gate_proj.weight in model.gguf has shape [96, 64], where model.gguf asks for [128, 64]");
        Refused(TinyGguf.Llama().Text("general.architecture", "mamba"), "general.architecture is mamba; known are llama, qwen2, qwen3, phi3");
        Refused(TinyGguf.Llama().Without("general.architecture"), "general.architecture is missing");
        Refused(TinyGguf.Llama().Text("general.type", "adapter"), "general.type is adapter; whole models are read");
        Refused(TinyGguf.Llama().UInt32("llama.expert_count", 8), "llama.expert_count is 8; models with one feed-forward part");
    }

    [Fact]
    public void A_tensor_that_is_no_part_of_the_architecture_is_refused_by_its_own_name()
    {
        Refused(TinyGguf.Llama().Float32("blk.0.ffn_gate_inp.weight", [4, 64], new float[256]), "tensor blk.0.ffn_gate_inp.weight is no part of LlamaForCausalLM");
    }

    // Row a d/2 + i of a head is row 2 i + a in the file: the rows carry their number.
    [Fact]
    public void Interleaved_rows_of_query_and_key_are_put_back()
    {
        GgufWriter file = TinyGguf.Llama();
        int rows = TinyGguf.Heads * TinyGguf.HeadSize;
        var values = new float[rows * TinyGguf.Hidden];
        var biases = new float[rows];
        for (int row = 0; row < rows; row++)
        {
            int head = row / 16, part = row % 16 / 8, pair = row % 8;
            int stored = (head * 16) + (2 * pair) + part;
            biases[stored] = row;
            for (int column = 0; column < TinyGguf.Hidden; column++)
                values[(stored * TinyGguf.Hidden) + column] = (row * 1000) + column;
        }
        file.Float32("blk.1.attn_q.weight", [rows, TinyGguf.Hidden], values).Float32("blk.1.attn_q.bias", [rows], biases).Float32("blk.0.attn_q.bias", [rows], biases);
        using Checkpoint checkpoint = Open(file);
        CheckpointTensor query = checkpoint.Tensor("model.layers.1.self_attn.q_proj.weight", rows, TinyGguf.Hidden);
        var read = new float[values.Length];
        query.Read(0, read);
        Assert.All(read.Index(), v => Assert.Equal((v.Index / TinyGguf.Hidden * 1000) + (v.Index % TinyGguf.Hidden), v.Item));
        // From the middle of a row over two ends of rows.
        var run = new float[150];
        query.Read((9 * TinyGguf.Hidden) + 50, run);
        Assert.Equal(read.AsSpan((9 * TinyGguf.Hidden) + 50, 150).ToArray(), run);
        var bias = new float[rows];
        checkpoint.Tensor("model.layers.1.self_attn.q_proj.bias", rows).Read(0, bias);
        Assert.Equal(Enumerable.Range(0, rows).Select(i => (float)i), bias);
        Assert.True(checkpoint.Config.OptionalBoolean("attention_bias", false));
        CheckpointTensor value = checkpoint.Tensor("model.layers.1.self_attn.v_proj.weight", TinyGguf.KeyValueHeads * TinyGguf.HeadSize, TinyGguf.Hidden);
        var stays = new float[TinyGguf.Hidden];
        value.Read(TinyGguf.Hidden, stays);
        Assert.Equal(Stored(file, "blk.1.attn_v.weight").AsSpan(TinyGguf.Hidden, TinyGguf.Hidden).ToArray(), stays);
    }

    [Theory]
    [InlineData("Q4_0")]
    [InlineData("Q6_K")]
    public void Runs_that_begin_and_end_inside_blocks_are_the_same_numbers(string name)
    {
        GgufTensorType type = Enum.Parse<GgufTensorType>(name);
        const int rows = 32, columns = 512;
        var bytes = new byte[rows * columns / type.BlockElements() * type.BlockBytes()];
        new Random(2).NextBytes(bytes);
        using Checkpoint checkpoint = Open(TinyGguf.Llama().Add("blk.0.attn_k.weight", [rows, columns], type, bytes));
        Assert.True(checkpoint.IsQuantized);
        CheckpointTensor tensor = checkpoint.Tensor("model.layers.0.self_attn.k_proj.weight", rows, columns);
        Assert.Equal(name, tensor.TypeName);
        var whole = new float[rows * columns];
        tensor.Read(0, whole);
        var random = new Random(4);
        for (int i = 0; i < 200; i++)
        {
            int start = random.Next(whole.Length);
            var run = new float[random.Next(Math.Min(whole.Length - start, 1500) + 1)];
            tensor.Read(start, run);
            Assert.Equal(whole.AsSpan(start, run.Length).ToArray(), run);
        }
    }

    [Fact]
    public void Untied_embeddings_and_Qwen2_biases_have_their_names()
    {
        GgufWriter file = TinyGguf.Model("qwen2").Float32("output.weight", [TinyGguf.Tokens.Count, TinyGguf.Hidden], new float[TinyGguf.Tokens.Count * TinyGguf.Hidden]);
        for (int i = 0; i < TinyGguf.Layers; i++)
            file.Float32($"blk.{i}.attn_q.bias", [64], [.. Enumerable.Range(0, 64).Select(v => (float)v)]);
        using Checkpoint checkpoint = Open(file);
        Assert.Equal("Qwen2ForCausalLM", checkpoint.Config.Find("architectures")!.Value[0].GetString());
        Assert.False(checkpoint.Config.OptionalBoolean("tie_word_embeddings", true));
        Assert.True(checkpoint.Has("lm_head.weight"));
        var bias = new float[64];
        checkpoint.Tensor("model.layers.0.self_attn.q_proj.bias", 64).Read(0, bias);
        Assert.Equal(Enumerable.Range(0, 64).Select(v => (float)v), bias);
    }

    [Fact]
    public void Qwen3_has_norms_of_query_and_key_and_a_head_size_of_its_own()
    {
        GgufWriter file = TinyGguf.Model("qwen3").UInt32("qwen3.attention.key_length", 32).UInt32("qwen3.attention.value_length", 32).UInt32("qwen3.rope.dimension_count", 32)
            .Float32("blk.0.attn_q_norm.weight", [32], new float[32]).Float32("blk.0.attn_k_norm.weight", [32], new float[32]);
        using Checkpoint checkpoint = Open(file);
        Assert.Equal(32, checkpoint.Config.Integer("head_dim"));
        Assert.True(checkpoint.Has("model.layers.0.self_attn.q_norm.weight"));
        Assert.True(checkpoint.Has("model.layers.0.self_attn.k_norm.weight"));
        Assert.Null(checkpoint.Config.Find("partial_rotary_factor"));
    }

    [Fact]
    public void Phi3_has_packed_matrices_and_both_lists_of_rotary_factors()
    {
        float[] longer = [1, 2, 3, 4, 5, 6, 7, 8.5f], shorter = [1, 1, 1, 1, 1, 1, 1, 1.25f];
        GgufWriter file = TinyGguf.Model("phi3", packed: true)
            .Float32("rope_factors_long.weight", [8], longer).Float32("rope_factors_short.weight", [8], shorter)
            .UInt32("phi3.rope.scaling.original_context_length", 64).Float("phi3.rope.scaling.attn_factor", 1.5f).UInt32("phi3.attention.sliding_window", 32);
        using (Checkpoint checkpoint = Open(file))
        {
            Assert.True(checkpoint.Has("model.layers.1.self_attn.qkv_proj.weight"));
            Assert.True(checkpoint.Has("model.layers.1.mlp.gate_up_proj.weight"));
            ConfigReader scaling = checkpoint.Config.Section("rope_scaling");
            Assert.Equal("longrope", scaling.OptionalText("rope_type"));
            Assert.Equal(longer, scaling.Find("long_factor")!.Value.EnumerateArray().Select(v => v.GetSingle()));
            Assert.Equal(shorter, scaling.Find("short_factor")!.Value.EnumerateArray().Select(v => v.GetSingle()));
            Assert.Equal(1.5, scaling.OptionalPositive("attention_factor"));
            Assert.Equal(64, checkpoint.Config.Integer("original_max_position_embeddings"));
            Assert.Equal(32, checkpoint.Config.Integer("sliding_window"));
            Assert.DoesNotContain("rope_factors_long.weight", checkpoint.UnreadTensors);
        }
        file.Tensors.RemoveAll(t => t.Name == "rope_factors_short.weight");
        Refused(file, "rope_factors_short.weight is missing, where rope_factors_long.weight is there");
        file.Float32("rope_factors_short.weight", [8], [1, 1, 0, 1, 1, 1, 1, 1]);
        Refused(file, "has a factor that is not a positive number");
    }

    // Architectures without interleaved rows, read whole: every tensor is asked for under a name that the architecture knows.
    [Theory]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    [InlineData("phi3")]
    public void Every_tensor_of_a_whole_model_is_one_that_its_architecture_asks_for(string architecture)
    {
        GgufWriter file = TinyGguf.Model(architecture, packed: architecture == "phi3");
        for (int i = 0; i < TinyGguf.Layers; i++)
        {
            foreach ((string part, int size) in (ReadOnlySpan<(string, int)>)[("attn_q", 64), ("attn_k", 32), ("attn_v", 32)])
            {
                if (architecture == "qwen2")
                    file.Float32($"blk.{i}.{part}.bias", [size], new float[size]);
            }
            foreach (string norm in (ReadOnlySpan<string>)["attn_q_norm", "attn_k_norm"])
            {
                if (architecture == "qwen3")
                    file.Float32($"blk.{i}.{norm}.weight", [TinyGguf.HeadSize], new float[TinyGguf.HeadSize]);
            }
        }
        using Checkpoint checkpoint = Open(file);
        Assert.Equal(TinyGguf.Layers, DecoderArchitectures.Read(checkpoint).Layers.Count);
        Assert.Empty(checkpoint.UnreadTensors);
    }

    [Fact]
    public void A_part_of_a_head_that_turns_is_a_partial_rotary_factor()
    {
        using Checkpoint checkpoint = Open(TinyGguf.Model("phi3", packed: true).UInt32("phi3.rope.dimension_count", 12));
        Assert.Equal(0.75, checkpoint.Config.OptionalPositive("partial_rotary_factor"));
    }

    [Fact]
    public void Rotary_scaling_is_spelt_as_config_json_has_it()
    {
        using (Checkpoint linear = Open(TinyGguf.Llama().Text("llama.rope.scaling.type", "linear").Float("llama.rope.scaling.factor", 4)))
        {
            Assert.Equal("linear", linear.Config.Section("rope_scaling").OptionalText("rope_type"));
            Assert.Equal(4, linear.Config.Section("rope_scaling").OptionalPositive("factor"));
        }
        using (Checkpoint factors = Open(TinyGguf.Llama().Float32("rope_freqs.weight", [8], [1, 1, 1, 1, 2, 4, 8, 8])))
        {
            Assert.Equal("factors", factors.Config.Section("rope_scaling").OptionalText("rope_type"));
            var values = new float[8];
            factors.Tensor("rope_freqs.weight", 8).Read(0, values);
            Assert.Equal(8, values[7]);
        }
        using (Checkpoint untyped = Open(TinyGguf.Llama().Float("llama.rope.scale_linear", 2)))
            Assert.Equal(2, untyped.Config.Section("rope_scaling").OptionalPositive("factor"));
        using (Checkpoint one = Open(TinyGguf.Llama().Text("llama.rope.scaling.type", "linear").Float("llama.rope.scaling.factor", 1)))
            Assert.Null(one.Config.Find("rope_scaling"));
        Refused(TinyGguf.Llama().Text("llama.rope.scaling.type", "yarn").Float("llama.rope.scaling.factor", 4), "llama.rope.scaling.type (rope_scaling.rope_type) is yarn");
        Refused(TinyGguf.Llama().Float("llama.rope.scaling.factor", 4).Float32("rope_freqs.weight", [8], new float[8]), "llama.rope.scaling.factor is 4, where rope_freqs.weight is there too");
        using Checkpoint none = Open(TinyGguf.Llama().Text("llama.rope.scaling.type", "none"));
        Assert.Null(none.Config.Find("rope_scaling"));
    }

    [Fact]
    public void A_llama_with_a_window_is_Mistral()
    {
        using Checkpoint checkpoint = Open(TinyGguf.Llama().UInt32("llama.attention.sliding_window", 64));
        Assert.Equal("MistralForCausalLM", checkpoint.Config.Find("architectures")!.Value[0].GetString());
        Assert.Equal(64, checkpoint.Config.Integer("sliding_window"));
        using Checkpoint without = Open(TinyGguf.Llama().UInt32("llama.attention.sliding_window", 0));
        Assert.Null(without.Config.Find("sliding_window"));
    }

    [Fact]
    public void Of_several_files_none_is_chosen()
    {
        TinyGguf.Llama().Save(_folder.Path, "model-q4_0.gguf");
        TinyGguf.Llama().Save(_folder.Path, "model-q8_0.gguf");
        Assert.Contains("there are 2 GGUF files: model-q4_0.gguf, model-q8_0.gguf", Refuse(), StringComparison.Ordinal);
        // Such a folder does not keep the others from being listed.
        Assert.False(Checkpoint.IsIn(_folder.Path));
    }

    [Fact]
    public void Parts_of_a_split_model_are_read_as_one_and_a_missing_one_is_named()
    {
        GgufWriter whole = TinyGguf.Llama().UInt32("split.count", 2);
        var second = new GgufWriter().UInt32("split.count", 2);
        second.Tensors.AddRange(whole.Tensors.Where(t => t.Name.StartsWith("blk.1.", StringComparison.Ordinal)));
        whole.Tensors.RemoveAll(t => t.Name.StartsWith("blk.1.", StringComparison.Ordinal));
        whole.Save(_folder.Path, "tiny-00001-of-00002.gguf");
        Assert.Contains("tiny-00002-of-00002.gguf is missing: the model is split into 2 parts", Refuse(), StringComparison.Ordinal);
        second.Save(_folder.Path, "tiny-00002-of-00002.gguf");
        using (Checkpoint checkpoint = Checkpoint.Open(_folder.Path))
            Assert.Equal(TinyGguf.Layers, DecoderArchitectures.Read(checkpoint).Shape.Layers);
        Assert.Equal(["tiny-00001-of-00002.gguf", "tiny-00002-of-00002.gguf"], SourceFingerprint.Of(_folder.Path, null, CancellationToken.None).Weights.Select(w => w.Name));
        second.Tensors.Add(whole.Tensors[0]);
        second.Save(_folder.Path, "tiny-00002-of-00002.gguf");
        Assert.Contains("tensor model.embed_tokens.weight (token_embd.weight) in tiny-00002-of-00002.gguf is in another part", Refuse(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lone_part_under_another_name_is_refused()
    {
        TinyGguf.Llama().UInt32("split.count", 3).Save(_folder.Path);
        Assert.Contains("split.count is 3, where 1 file is there", Refuse(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_files_hash_alone_is_the_identity_and_the_folder_is_a_checkpoint()
    {
        string folder = TinyGguf.Llama().Save(_folder["tiny"]);
        Assert.Equal([folder], ModelSources.Checkpoints(_folder.Path));
        var before = SourceFingerprint.Of(folder, null, CancellationToken.None);
        Assert.Equal("model.gguf", Assert.Single(before.Weights).Name);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), "{}");
        Assert.Equal(before.Sha256, SourceFingerprint.Of(folder, null, CancellationToken.None).Sha256);
        TinyGguf.Llama(seed: 2).Save(folder);
        Assert.NotEqual(before.Sha256, SourceFingerprint.Of(folder, null, CancellationToken.None).Sha256);
    }

    [Fact]
    public void A_folder_with_a_config_json_is_not_read_as_GGUF()
    {
        TinyGguf.Llama().Save(_folder.Path);
        new TinyCheckpoint().Save(_folder.Path);
        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Equal("model.safetensors", checkpoint.Tensor("model.norm.weight", TinyCheckpoint.Hidden).FileName);
    }

    private Checkpoint Open(GgufWriter file) => Checkpoint.Open(file.Save(_folder.Path));

    private void Refused(GgufWriter file, string expected)
    {
        file.Save(_folder.Path);
        Assert.Contains(expected, Refuse(), StringComparison.Ordinal);
    }

    private string Refuse() => Assert.Throws<ModelFolderException>(() =>
    {
        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
        DecoderArchitectures.Read(checkpoint);
    }).Message;

    private static float[] Stored(GgufWriter file, string name) => MemoryMarshal.Cast<byte, float>(file.Tensors.Single(t => t.Name == name).Data).ToArray();
}
