using FsCheck;
using FsCheck.Fluent;
using GreenTune.Models.Building;
using GreenTune.Models.Onnx;
using GreenTune.Models.Tests.Support;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Tests.Building;

public sealed class GreedyTokenTests
{
    [Theory]
    [InlineData(8192, 128)]
    [InlineData(32000, 128)]
    [InlineData(49152, 128)]
    [InlineData(151936, 128)]
    [InlineData(128256, 128)]
    [InlineData(32064, 167)]
    [InlineData(50304, 128)]
    [InlineData(32003, null)]
    [InlineData(50257, null)]
    [InlineData(64, 64)]
    public void A_block_is_the_divisor_nearest_to_128(int vocabulary, int? width) => Assert.Equal(width, GreedyToken.BlockWidth(vocabulary));

    // 8192 divides evenly; 251 is prime and is padded; 20 is less than a block.
    [Theory]
    [InlineData(8192)]
    [InlineData(251)]
    [InlineData(20)]
    public void The_first_of_the_highest_logits_is_chosen_in_every_row(int vocabulary)
    {
        const int Rows = 3;
        using var folder = new TemporaryFolder();
        var graph = new OnnxGraph("greedy");
        string logits = graph.Input("logits", TensorElementType.Float, "batch", 1, vocabulary);
        GreedyToken.Add(graph, logits, vocabulary, TensorElementType.Float, "next_token");
        graph.Output("next_token", TensorElementType.Int64, "batch", 1);
        graph.Save(folder["greedy.onnx"], "test", "1");
        using var options = new SessionOptions { IntraOpNumThreads = 1 };
        using var session = new InferenceSession(folder["greedy.onnx"], options);
        using var run = new RunOptions();

        // Few distinct values, so that ties are the rule; negative ones, so that padding would win if it were 0.
        Prop.ForAll(Gen.Choose(-9, -2).Select(i => (float)i).ArrayOf(Rows * vocabulary).ToArbitrary(), values =>
        {
            using OrtValue input = OrtValue.CreateTensorValueFromMemory(values, [Rows, 1, vocabulary]);
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, ["logits"], [input], ["next_token"]);
            Assert.Equal([Rows, 1], outputs[0].GetTensorTypeAndShape().Shape);
            long[] tokens = outputs[0].GetTensorDataAsSpan<long>().ToArray();
            for (int row = 0; row < Rows; row++)
            {
                float[] own = values[(row * vocabulary)..((row + 1) * vocabulary)];
                Assert.Equal(Array.IndexOf(own, own.Max()), tokens[row]);
            }
        }).QuickCheckThrowOnFailure();
    }
}
