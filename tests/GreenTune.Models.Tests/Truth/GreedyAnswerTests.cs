using System.Collections.Concurrent;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Tests.Support;

namespace GreenTune.Models.Tests.Truth;

/// <summary>The 60 answers that another implementation gives for each embedded model, among which there are no close calls.</summary>
public sealed class GreedyAnswerTests(BuiltModels models)
{
    private const int MaximumTokens = 96;
    private const int MaximumWorkers = 4;

    /// <summary>Of the prompts, GenAI's Generator answers one in so many here; the explicit test below lets it answer all.</summary>
    private const int GenAIStride = 5;

    [Theory]
    [InlineData("greentune-nano")]
    [InlineData("greentune-tiny")]
    public void Fp32_gives_exactly_the_expected_answers_by_both_graphs(string model)
    {
        Outcome outcome = Compare(models.Folder($"{model}-fp32"), GenAIStride);
        Assert.Equal(60, outcome.Kept);
    }

    // The floors are a little below what was measured, so that a change for the worse shows: see docs/decisions/004-model-folders.md.
    [Theory]
    [InlineData("greentune-nano", "int8", 56)]
    [InlineData("greentune-tiny", "int8", 57)]
    [InlineData("greentune-nano", "int4", 48)]
    [InlineData("greentune-tiny", "int4", 50)]
    public void Quantised_graphs_agree_with_each_other_and_keep_most_answers(string model, string precision, int floor)
    {
        Outcome outcome = Compare(models.Folder($"{model}-{precision}"), GenAIStride);
        Assert.True(outcome.Kept >= floor, $"{model}-{precision} keeps {outcome.Kept} of 60 answers, where {floor} are expected");
    }

    [Theory(Explicit = true)]
    [InlineData("greentune-nano-fp32")]
    [InlineData("greentune-nano-int8")]
    [InlineData("greentune-nano-int4")]
    [InlineData("greentune-tiny-fp32")]
    [InlineData("greentune-tiny-int8")]
    [InlineData("greentune-tiny-int4")]
    public void Both_graphs_give_the_same_60_answers(string id)
    {
        Outcome outcome = Compare(models.Folder(id), 1);
        TestContext.Current.TestOutputHelper?.WriteLine($"{id}: {outcome.Kept} of 60 as expected, {outcome.Compared} of 60 the same by GenAI's Generator");
        Assert.Equal(60, outcome.Compared);
    }

    // What docs/decisions/004-model-folders.md says of the options that are not the defaults.
    [Theory(Explicit = true)]
    [InlineData("greentune-nano", false, 4, 32)]
    [InlineData("greentune-tiny", false, 4, 32)]
    [InlineData("greentune-nano", true, 0, 32)]
    [InlineData("greentune-tiny", true, 0, 32)]
    [InlineData("greentune-nano", true, 4, 16)]
    [InlineData("greentune-tiny", true, 4, 16)]
    [InlineData("greentune-nano", true, 4, 128)]
    [InlineData("greentune-tiny", true, 4, 128)]
    public async Task Other_ways_to_quantise_to_int4_keep_answers_too(string model, bool symmetric, int accuracyLevel, int blockSize)
    {
        using var temporary = new TemporaryFolder();
        BuildRequest request = Fixtures.Request(Path.Combine(Repository.Models, model), temporary["out"]);
        request = request with { Options = request.Options with { Symmetric = symmetric, AccuracyLevel = accuracyLevel, BlockSize = blockSize } };
        ModelFolder folder = await new ModelFolderBuilder(TimeProvider.System).BuildAsync(request, null, CancellationToken.None);
        Outcome outcome = Compare(folder, int.MaxValue);
        TestContext.Current.TestOutputHelper?.WriteLine($"{model} int4, symmetric {symmetric}, accuracy level {accuracyLevel}, blocks of {blockSize}: {outcome.Kept} of 60, {folder.Bytes} bytes");
        Assert.InRange(outcome.Kept, 30, 60);
    }

    // The graphs for CUDA, computed by a CPU's float16 kernels where it has them and in float32 between conversions where not: slow.
    [Theory]
    [InlineData("fp16")]
    [InlineData("int8")]
    [InlineData("int4")]
    public void Graphs_with_float16_activations_answer_as_expected(string precision)
    {
        ModelFolder folder = models.Folder($"greentune-nano-{precision}", Provider.Cuda);
        using var engine = new EngineLoop(folder, capacity: 64);
        foreach (ExpectedAnswer expected in ExpectedAnswer.Of("greentune-nano").Where(a => a.Tokens.Length < 16).Take(3))
            Assert.Equal(expected.Tokens, engine.Answer(expected.PromptIds, MaximumTokens));
    }

    /// <summary>Answers as expected by the engine graph, and answers that GenAI's Generator was asked for; those must be the same.</summary>
    private static Outcome Compare(ModelFolder folder, int genaiStride)
    {
        // Answers do not depend on each other: each core takes its share, one thread per session.
        int workers = Math.Min(Environment.ProcessorCount, MaximumWorkers);
        var queue = new ConcurrentQueue<(int Index, ExpectedAnswer Expected)>(ExpectedAnswer.Of(folder.ModelName).Index());
        int kept = 0, compared = 0;
        Task[] running = [.. Enumerable.Range(0, workers).Select(_ => Task.Factory.StartNew(Work, TaskCreationOptions.LongRunning))];
        Task.WhenAll(running).GetAwaiter().GetResult();
        return new Outcome(kept, compared);

        void Work()
        {
            using var engine = new EngineLoop(folder);
            using var genai = new GenAILoop(folder);
            while (queue.TryDequeue(out (int Index, ExpectedAnswer Expected) next))
            {
                int[] prompt = next.Expected.PromptIds;
                int[] answer = engine.Answer(prompt, MaximumTokens);
                if (answer.SequenceEqual(next.Expected.Tokens))
                    Interlocked.Increment(ref kept);
                if (next.Index % genaiStride != 0)
                    continue;
                Assert.Equal(genai.Answer(prompt, MaximumTokens), answer);
                Interlocked.Increment(ref compared);
            }
        }
    }

    private sealed record Outcome(int Kept, int Compared);
}
