namespace GreenTune.Models.Tests.Support;

/// <summary>A random model of a few kilobytes as llama.cpp's converter would write it; tests change its parts.</summary>
internal static class TinyGguf
{
    public const int Hidden = 64;
    public const int Intermediate = 96;
    public const int Heads = 4;
    public const int KeyValueHeads = 2;
    public const int HeadSize = 16;
    public const int Layers = 2;

    /// <summary>A byte-level vocabulary of single characters, two merges and control tokens.</summary>
    public static IReadOnlyList<string> Tokens { get; } =
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>", .. Enumerable.Range('!', 94).Select(c => ((char)c).ToString()), "\u0120", "\u010a", "th", "the"];

    public static GgufWriter Llama(int seed = 1) => Model("llama", seed);

    public static GgufWriter Model(string architecture, int seed = 1, bool packed = false)
    {
        var random = new Random(seed);
        GgufWriter file = new GgufWriter()
            .Text("general.architecture", architecture)
            .UInt32($"{architecture}.context_length", 128)
            .UInt32($"{architecture}.embedding_length", Hidden)
            .UInt32($"{architecture}.block_count", Layers)
            .UInt32($"{architecture}.feed_forward_length", Intermediate)
            .UInt32($"{architecture}.attention.head_count", Heads)
            .UInt32($"{architecture}.attention.head_count_kv", KeyValueHeads)
            .Float($"{architecture}.attention.layer_norm_rms_epsilon", 1e-5f)
            .UInt32($"{architecture}.rope.dimension_count", HeadSize)
            .Float($"{architecture}.rope.freq_base", 10000f)
            .Text("tokenizer.ggml.model", "gpt2")
            .Text("tokenizer.ggml.pre", "smollm")
            .Texts("tokenizer.ggml.tokens", Tokens)
            .Integers("tokenizer.ggml.token_type", [.. Tokens.Select((_, i) => i < 3 ? 3 : 1)])
            .Texts("tokenizer.ggml.merges", "t h", "th e")
            .UInt32("tokenizer.ggml.bos_token_id", 1)
            .UInt32("tokenizer.ggml.eos_token_id", 2)
            .UInt32("tokenizer.ggml.padding_token_id", 0);
        Add("token_embd.weight", Tokens.Count, Hidden);
        for (int i = 0; i < Layers; i++)
        {
            string prefix = $"blk.{i}.";
            if (packed)
            {
                Add(prefix + "attn_qkv.weight", (Heads + (2 * KeyValueHeads)) * HeadSize, Hidden);
                Add(prefix + "ffn_up.weight", 2 * Intermediate, Hidden);
            }
            else
            {
                Add(prefix + "attn_q.weight", Heads * HeadSize, Hidden);
                Add(prefix + "attn_k.weight", KeyValueHeads * HeadSize, Hidden);
                Add(prefix + "attn_v.weight", KeyValueHeads * HeadSize, Hidden);
                Add(prefix + "ffn_gate.weight", Intermediate, Hidden);
                Add(prefix + "ffn_up.weight", Intermediate, Hidden);
            }
            Add(prefix + "attn_output.weight", Hidden, Heads * HeadSize);
            Add(prefix + "ffn_down.weight", Hidden, Intermediate);
            Add(prefix + "attn_norm.weight", Hidden);
            Add(prefix + "ffn_norm.weight", Hidden);
        }
        Add("output_norm.weight", Hidden);
        return file;

        void Add(string name, params long[] shape) => file.Float32(name, shape, Random(random, shape));
    }

    public static float[] Random(Random random, params long[] shape) =>
        [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(_ => (float)((random.NextDouble() - 0.5) * 0.2) + (shape.Length == 1 ? 1 : 0))];
}
