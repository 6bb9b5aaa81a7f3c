using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Running;
using GreenTune.Inference.Engine.Scheduling;
using GreenTune.Inference.Plans;
using GreenTune.Inference.Tests.Service;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;
using GreenTune.Models.Tokenization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.ML.OnnxRuntimeGenAI;

namespace GreenTune.Inference.Tests.Engine;

/// <summary>The bundled models in batches, against what they answer alone, against ONNX Runtime GenAI and against transformers.</summary>
public sealed class BatchTruthTests : IAsyncDisposable
{
    private const int MaxTokens = 96;
    private readonly DeviceEngine _engine = new(new FakeMeter(), new SchedulingSettings { MaxRows = 32, PrefillTokens = 64, PrefillTokensAlone = 200, PrefixCacheBytes = 8 << 20 }, TimeProvider.System, NullLogger<DeviceEngine>.Instance);

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Theory]
    [InlineData("greentune-nano")]
    [InlineData("greentune-tiny")]
    public async Task All_60_answers_at_once_are_transformers(string model)
    {
        (ModelFolder _, IModelRunner runner) = await OpenAsync(model + "-fp32");
        IReadOnlyList<ExpectedAnswers.Item> expected = ExpectedAnswers.Of(model).Items;
        Generation[] all = [.. expected.Select(item => Submit(runner, [.. item.PromptIds]))];
        for (int i = 0; i < all.Length; i++)
        {
            int[] answer = await TokensAsync(all[i]);
            IEnumerable<int> wanted = expected[i].Tokens.Where(token => !runner.IsStop(token));
            Assert.Equal(wanted, answer);
        }

        await _engine.RetireAsync(runner);
    }

    [Theory]
    [InlineData("greentune-nano-fp32", 30)]
    [InlineData("greentune-nano-int8", 30)]
    [InlineData("greentune-nano-int4", 30)]
    [InlineData("greentune-tiny-int4", 12)]
    public Task Prompts_answer_alike_alone_in_batches_and_by_GenAI(string id, int prompts) => CompareAsync(id, prompts);

    [Theory(Explicit = true)]
    [InlineData("greentune-nano-fp32")]
    [InlineData("greentune-nano-int8")]
    [InlineData("greentune-nano-int4")]
    [InlineData("greentune-tiny-fp32")]
    [InlineData("greentune-tiny-int8")]
    [InlineData("greentune-tiny-int4")]
    public Task Two_hundred_prompts_answer_alike_alone_in_batches_and_by_GenAI(string id) => CompareAsync(id, 200);

    [Fact]
    public async Task A_seed_draws_the_same_text_alone_and_in_a_batch()
    {
        (ModelFolder folder, IModelRunner runner) = await OpenAsync("greentune-nano-fp32");
        int[][] prompts = Prompts(folder, 12);
        SamplingSettings Sampled(int i) => new() { Temperature = 1.2, TopP = 0.95, Seed = i };
        var alone = new List<int[]>();
        for (int i = 0; i < prompts.Length; i++)
        {
            alone.Add(await TokensAsync(Submit(runner, prompts[i], Sampled(i))));
        }

        Generation[] together = [.. prompts.Select((prompt, i) => Submit(runner, prompt, Sampled(i)))];
        Assert.Equal(alone, await Task.WhenAll(together.Select(TokensAsync)));
        Assert.True(alone.Select(tokens => string.Join(' ', tokens)).Distinct().Count() > 6, "the answers hardly differ: nothing was drawn");
        await _engine.RetireAsync(runner);
    }

    private async Task CompareAsync(string id, int count)
    {
        (ModelFolder folder, IModelRunner runner) = await OpenAsync(id);
        int[][] prompts = Prompts(folder, count);
        var alone = new List<int[]>();
        foreach (int[] prompt in prompts)
        {
            alone.Add(await TokensAsync(Submit(runner, prompt)));
        }

        using (var model = new Model(folder.FolderPath))
        {
            Assert.Equal(alone, prompts.Select(prompt => Generator(model, runner, prompt)));
        }

        foreach (int rows in (int[])[2, 5, 32])
        {
            _engine.Settings = _engine.Settings with { MaxRows = rows };
            var random = new Random(rows);
            var running = new List<Generation>();
            foreach (int[] prompt in prompts)
            {
                running.Add(Submit(runner, prompt));
                if (random.Next(3) == 0)
                {
                    await Task.Delay(random.Next(8));
                }
            }

            Assert.Equal(alone, await Task.WhenAll(running.Select(TokensAsync)));
        }

        await _engine.RetireAsync(runner);
    }

    /// <summary>Sentiment questions of several lengths, some with a beginning in common, and the card's own prompts.</summary>
    private static int[][] Prompts(ModelFolder folder, int count)
    {
        using ChatTokenizer tokenizer = ChatTokenizer.Open(folder.FolderPath);
        SentimentSet set = new SentimentSetFile(Repository.PathOf("models")).Read();
        IEnumerable<int[]> questions = set.Draw(count, 3).Select((item, i) =>
            tokenizer.EncodeChat([.. (i % 2 == 0 ? SentimentPrompts.Checklist(item.Text) : SentimentPrompts.OneWord(item.Text)).Select(turn => new ChatMessage(turn.Role, turn.Content))], addGenerationPrompt: true));
        IEnumerable<int[]> own = ExpectedAnswers.Of(folder.ModelName).Items.Select(item => item.PromptIds.ToArray());
        return [.. own.Take(count / 3).Concat(questions).Take(count)];
    }

    private static int[] Generator(Model model, IModelRunner runner, int[] prompt)
    {
        using var parameters = new GeneratorParams(model);
        parameters.SetSearchOption("max_length", prompt.Length + MaxTokens);
        parameters.SetSearchOption("do_sample", false);
        using var generator = new Generator(model, parameters);
        generator.AppendTokens(prompt);
        while (!generator.IsDone())
        {
            generator.GenerateNextToken();
        }

        return [.. generator.GetSequence(0).ToArray().Skip(prompt.Length).Where(token => !runner.IsStop(token))];
    }

    private static async Task<(ModelFolder Folder, IModelRunner Runner)> OpenAsync(string id)
    {
        ModelStore store = ModelStore.Open(new ModelStoreOptions { SourceFolder = Repository.PathOf("models"), CacheFolder = Path.Combine(Repository.Root, "artifacts", "test-cache") });
        ModelFolder folder = await store.EnsureBuiltAsync(store.Find(id, Provider.Cpu));
        // Less memory than the rows would like: slots of three lengths, and rows that have to move.
        var budget = new RunnerBudget(1024, 32, 40 * 600 * folder.KeyValueBytesPerToken, 1);
        return (folder, RunnerFactory.Open(folder, ExecutionProvider.Choose(DeviceChoice.Cpu, 0), budget));
    }

    private Generation Submit(IModelRunner runner, int[] prompt, SamplingSettings? sampling = null) => _engine.Submit(
        new GenerationRequest { Id = "truth", Model = runner, Prompt = prompt, MaxTokens = MaxTokens, Tenant = "t", Sampling = sampling ?? SamplingSettings.Greedy },
        CancellationToken.None);

    private static async Task<int[]> TokensAsync(Generation generation)
    {
        GenerationResult result = await generation.Completion;
        Assert.Null(result.Error);
        return await generation.Tokens.ReadAllAsync().Select(token => token.Id).ToArrayAsync();
    }
}
