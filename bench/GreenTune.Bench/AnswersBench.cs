using System.CommandLine;
using System.Text.Json;
using GreenTune.Inference;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Running;
using GreenTune.Inference.Plans;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;

namespace GreenTune.Bench;

/// <summary>How near each configuration comes to its checkpoint: how many of the card's 60 greedy answers are the same, and the sentiment accuracy.</summary>
internal static class AnswersBench
{
    /// <summary>One row, in the class that holds the whole context.</summary>
    private static RowPlace Row(IModelRunner runner) => new(runner.Classes.Count - 1, 0, null);

    public static Command Command()
    {
        var ids = new Argument<string[]>("configurations") { Description = "Configurations; all six without any", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("answers", "Answers that equal transformers' (expected_greedy.json), and accuracy on the bundled sentiment set") { ids };
        command.SetAction(async parsed =>
        {
            Console.WriteLine("| configuration | of 60 answers equal | tokens equal until the first difference | sentiment accuracy, one word | checklist, generated | unparsable |");
            Console.WriteLine("|---|---|---|---|---|---|");
            string sources = ModelStore.Open(new ModelStoreOptions()).SourceFolder;
            foreach (ModelFolder folder in await Folders.OpenAsync(parsed.GetValue(ids)!))
            {
                Run(folder, sources);
            }
        });
        return command;
    }

    private static void Run(ModelFolder folder, string sources)
    {
        using LoadedConfiguration loaded = ConfigurationLoader.Open(folder, ExecutionProvider.Choose(DeviceChoice.Cpu, 0), new RunnerBudget(2048, 1, null, 1));
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(sources, folder.ModelName, "expected_greedy.json")));
        int equal = 0, same = 0, all = 0;
        foreach (JsonElement item in expected.RootElement.GetProperty("items").EnumerateArray())
        {
            int[] want = [.. item.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32())];
            int[] prompt = [.. item.GetProperty("prompt_ids").EnumerateArray().Select(token => token.GetInt32())];
            List<int> got = Generate(loaded.Runner, prompt, 96);
            int common = want.Zip(got).TakeWhile(pair => pair.First == pair.Second).Count();
            equal += common == want.Length && got.Count == want.Length ? 1 : 0;
            same += common;
            all += want.Length;
        }

        SentimentSet set = new SentimentSetFile(sources).Read();
        LabelTokens labels = LabelTokens.Of(loaded)!;
        int[] next = new int[1];
        int oneWord = 0, checklist = 0, unparsable = 0;
        IReadOnlyList<SentimentItem> items = set.Draw(set.Count, 1);
        foreach (SentimentItem item in items)
        {
            loaded.Runner.Prefill(Row(loaded.Runner), 1, loaded.EncodeChat(SentimentPrompts.OneWord(item.Text)), 0, wantLogits: true, next);
            float[] logits = loaded.Runner.Logits(0).ToArray();
            float[] scores = [.. labels.Tokens.Select(token => logits[token])];
            oneWord += LabelTokens.Best(scores) == item.Label ? 1 : 0;
            List<int> answer = Generate(loaded.Runner, loaded.EncodeChat(SentimentPrompts.Checklist(item.Text)), SentimentPrompts.MaxTokens);
            Sentiment? label = SentimentPrompts.Label(loaded.Tokenizer.Decode([.. answer.Where(token => !loaded.Runner.IsStop(token))]));
            checklist += label == item.Label ? 1 : 0;
            unparsable += label is null ? 1 : 0;
        }

        Console.WriteLine(FormattableString.Invariant(
            $"| {folder.Id} | {equal} | {same / (double)all:0.0 %} | {oneWord / (double)items.Count:0.0000} | {checklist / (double)items.Count:0.0000} | {unparsable} |"));
    }

    private static List<int> Generate(IModelRunner runner, int[] prompt, int maxTokens)
    {
        int[] next = new int[1];
        runner.Prefill(Row(runner), 1, prompt, 0, wantLogits: false, next);
        var tokens = new List<int> { next[0] };
        while (!runner.IsStop(tokens[^1]) && tokens.Count < maxTokens)
        {
            runner.Decode(Row(runner), [tokens[^1]], [prompt.Length + tokens.Count - 1], wantLogits: false, next);
            tokens.Add(next[0]);
        }

        return tokens;
    }
}
