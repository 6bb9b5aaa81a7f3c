using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using GreenTune.Models.Folders;
using GreenTune.Models.Verification;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntimeGenAI;

namespace GreenTune.Bench;

/// <summary>
/// Decode tokens/s of a folder's engine graph, driven by nothing but its bindings, against ONNX Runtime GenAI's own Generator on the same folder, at one and at
/// several rows: both take turns in one process, medians over the rounds.
/// </summary>
internal static class GraphBench
{
    private const int PromptLength = 64;

    public static Command Command()
    {
        var folders = new Argument<string[]>("folders") { Description = "Folders that GreenTune built", Arity = ArgumentArity.OneOrMore };
        var rows = new Option<int[]>("--rows") { Description = "Rows that are decoded together", DefaultValueFactory = _ => [1, 8], AllowMultipleArgumentsPerToken = true };
        var tokens = new Option<int>("--tokens") { Description = "New tokens of each row", DefaultValueFactory = _ => 100 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds; each runs both sides once", DefaultValueFactory = _ => 5 };
        var command = new Command("graph", "Decode speed of engine graphs against ONNX Runtime GenAI's Generator, at several batch sizes") { folders, rows, tokens, rounds };
        command.SetAction(parsed =>
        {
            Console.WriteLine("| folder | rows | engine graph tok/s | GenAI Generator tok/s | ratio (median of rounds) |");
            Console.WriteLine("|---|---|---|---|---|");
            foreach (string path in parsed.GetValue(folders)!)
            {
                ModelFolder folder = ModelFolder.Open(path);
                foreach (int count in parsed.GetValue(rows)!)
                    Run(folder, count, parsed.GetValue(tokens), parsed.GetValue(rounds));
            }
        });
        return command;
    }

    private static void Run(ModelFolder folder, int rows, int tokens, int rounds)
    {
        using var options = new SessionOptions();
        using var session = new InferenceSession(folder.EngineGraphPath!, options);
        using var model = new Model(folder.FolderPath);
        var random = new Random(7);
        int[][] prompts = [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, PromptLength).Select(_ => random.Next(3, folder.VocabularySize)).ToArray())];
        var ours = new List<double>();
        var theirs = new List<double>();
        for (int round = -1; round < rounds; round++)
        {
            (double mine, double peer) = round % 2 == 0 ? (Engine(session, folder, prompts, tokens), Generator(model, prompts, tokens)) : Swap(Generator(model, prompts, tokens), Engine(session, folder, prompts, tokens));
            if (round < 0)
                continue;
            ours.Add(mine);
            theirs.Add(peer);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {folder.Id} | {rows} | {Median(ours):0} | {Median(theirs):0} | {Median(ours.Zip(theirs, (a, b) => a / b)):0.00} |"));

        static (double, double) Swap(double first, double second) => (second, first);
    }

    private static double Engine(InferenceSession session, ModelFolder folder, int[][] prompts, int tokens)
    {
        int rows = prompts.Length;
        var values = new List<OrtValue>();
        var lengths = new int[rows];
        var next = new long[rows];
        var total = new[] { PromptLength };
        OrtValue nextValue = Keep(OrtValue.CreateTensorValueFromMemory(next, [rows, 1]));
        OrtValue lengthValue = Keep(OrtValue.CreateTensorValueFromMemory(lengths, [rows]));
        OrtValue totalValue = Keep(OrtValue.CreateTensorValueFromMemory(total, []));
        using var cache = new KeyValueCache(folder, rows, PromptLength + tokens);
        OrtValue logits = Keep(OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float, [rows, 1, folder.VocabularySize]));
        using var run = new RunOptions();
        try
        {
            long[] ids = [.. prompts.SelectMany(p => p.Select(i => (long)i))];
            using OrtValue idValue = OrtValue.CreateTensorValueFromMemory(ids, [rows, PromptLength]);
            using OrtValue promptLengths = OrtValue.CreateTensorValueFromMemory(Enumerable.Repeat(PromptLength - 1, rows).ToArray(), [rows]);
            using (OrtIoBinding prefill = Bind(idValue, promptLengths))
                session.RunWithBinding(run, prefill);
            using OrtIoBinding step = Bind(nextValue, lengthValue);
            var watch = Stopwatch.StartNew();
            for (int i = 1; i < tokens; i++)
            {
                total[0]++;
                session.RunWithBinding(run, step);
            }
            return rows * (tokens - 1) / watch.Elapsed.TotalSeconds;
        }
        finally
        {
            values.ForEach(v => v.Dispose());
        }

        OrtValue Keep(OrtValue value)
        {
            values.Add(value);
            return value;
        }

        OrtIoBinding Bind(OrtValue tokenIds, OrtValue seqlens)
        {
            OrtIoBinding binding = session.CreateIoBinding();
            binding.BindInput("input_ids", tokenIds);
            binding.BindInput("seqlens_k", seqlens);
            binding.BindInput("total_sequence_length", totalValue);
            cache.BindTo(binding);
            binding.BindOutput("logits", logits);
            binding.BindOutput("next_token", nextValue);
            binding.BindOutput("seqlens_next", lengthValue);
            return binding;
        }
    }

    private static double Generator(Model model, int[][] prompts, int tokens)
    {
        using var parameters = new GeneratorParams(model);
        parameters.SetSearchOption("batch_size", prompts.Length);
        parameters.SetSearchOption("max_length", PromptLength + tokens);
        parameters.SetSearchOption("min_length", PromptLength + tokens);
        using var generator = new Generator(model, parameters);
        generator.AppendTokens([.. prompts.SelectMany(p => p)]);
        generator.GenerateNextToken();
        var watch = Stopwatch.StartNew();
        int generated = 1;
        while (!generator.IsDone() && generated < tokens)
        {
            generator.GenerateNextToken();
            generated++;
        }
        return prompts.Length * (generated - 1) / watch.Elapsed.TotalSeconds;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
