using System.Text.Json.Nodes;
using GreenTune.Models.Architectures;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Tests.Support;

namespace GreenTune.Models.Tests.Architectures;

public sealed class RotaryReaderTests : IDisposable
{
    private const int Pairs = 8;

    private readonly TemporaryFolder _folder = new();
    private readonly TinyCheckpoint _tiny = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("rope_scaling")]
    [InlineData("rope_parameters")]
    public void Linear_scaling_turns_every_pair_slower(string section)
    {
        (RotaryTable plain, _) = Read("plain");
        _tiny.Config[section] = new JsonObject { ["rope_type"] = "linear", ["factor"] = 4.0 };
        (RotaryTable slow, int context) = Read("slow");
        Assert.Equal(plain.Frequencies.Select(f => f / 4), slow.Frequencies);
        Assert.Equal((128, 1f), (context, slow.Scale));
    }

    [Fact]
    public void Llama3_scaling_leaves_short_waves_slows_long_ones_and_joins_the_two()
    {
        _tiny.Config["rope_theta"] = 500000.0;
        (RotaryTable plain, _) = Read("plain");
        _tiny.Config["rope_scaling"] = new JsonObject
        {
            ["rope_type"] = "llama3",
            ["factor"] = 8.0,
            ["low_freq_factor"] = 1.0,
            ["high_freq_factor"] = 4.0,
            ["original_max_position_embeddings"] = 64,
        };
        (RotaryTable scaled, _) = Read("scaled");
        for (int i = 0; i < Pairs; i++)
        {
            double wave = 2 * Math.PI / plain.Frequencies[i];
            double share = (64 / wave - 1) / 3;
            double expected = wave < 16 ? plain.Frequencies[i] : wave > 64 ? plain.Frequencies[i] / 8 : plain.Frequencies[i] * (share + ((1 - share) / 8));
            Assert.Equal(expected, scaled.Frequencies[i], expected * 1e-6);
        }
        // 6.28, 32.4 and 167 tokens: one wave of each kind.
        Assert.Equal(plain.Frequencies[0], scaled.Frequencies[0]);
        Assert.InRange(scaled.Frequencies[1], plain.Frequencies[1] / 8 * 1.01f, plain.Frequencies[1] * 0.99f);
        Assert.Equal(plain.Frequencies[2] / 8, scaled.Frequencies[2], plain.Frequencies[2] * 1e-6f);
    }

    [Fact]
    public void Longrope_serves_the_original_context_by_its_short_factors_unless_more_is_asked_for()
    {
        (RotaryTable plain, _) = Read("plain");
        _tiny.Config["max_position_embeddings"] = 128;
        _tiny.Config["original_max_position_embeddings"] = 32;
        _tiny.Config["rope_scaling"] = new JsonObject { ["type"] = "longrope", ["short_factor"] = List(1.5), ["long_factor"] = List(6) };
        // sqrt(1 + ln 4 / ln 32) = sqrt(1.4)
        float scale = MathF.Sqrt(1.4f);

        (RotaryTable shorter, int context) = Read("short");
        Assert.Equal(32, context);
        Assert.Equal(plain.Frequencies.Select(f => f / 1.5f), shorter.Frequencies);
        Assert.Equal(scale, shorter.Scale, 1e-6f);
        var cosines = new float[Pairs];
        shorter.Cosines(0, cosines);
        Assert.All(cosines, c => Assert.Equal(scale, c, 1e-6f));

        (RotaryTable longer, context) = Read("long", 64);
        Assert.Equal(64, context);
        Assert.Equal(plain.Frequencies.Select(f => f / 6f), longer.Frequencies);

        Assert.Contains("128, which is less than the 129", Assert.Throws<ModelFolderException>(() => Read("too long", 129)).Message, StringComparison.Ordinal);
        _tiny.Config["rope_scaling"]!["short_factor"] = new JsonArray(1.0, 2.0);
        Assert.Contains("rope_scaling.short_factor has 2 numbers", Assert.Throws<ModelFolderException>(() => Read("few")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shorter_context_can_be_asked_for()
    {
        Assert.Equal(16, Read("shorter", 16).ContextLength);
    }

    private static JsonArray List(double value) => [.. Enumerable.Repeat(value, Pairs).Select(v => (JsonNode)v)];

    private (RotaryTable Table, int ContextLength) Read(string name, int? wanted = null)
    {
        using Checkpoint checkpoint = Checkpoint.Open(_tiny.Save(_folder[name]));
        return RotaryReader.Read(checkpoint, 2 * Pairs, wanted);
    }
}
