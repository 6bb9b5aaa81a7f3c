using System.CommandLine;
using System.Globalization;
using System.Numerics.Tensors;
using GreenTune.Inference;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Engine.Running;
using GreenTune.Models.Architectures;
using GreenTune.Models.Calibration;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Folders;
using GreenTune.Models.Reference;
using GreenTune.Models.Tokenization;
using GreenTune.Models.Verification;

namespace GreenTune.Bench;

/// <summary>
/// The engine's logits, batched and on whatever device, against a plain float32 computation of the weights that the folder holds: texts in rows of several lengths, prompts in pieces,
/// then token by token, whatever was chosen. Activations differ in precision, so tokens may differ where two logits are as near as that noise; anywhere else they must not.
/// </summary>
internal static class ParityBench
{
    private const int Steps = 48;

    /// <summary>Margins below this many standard deviations of the difference of two logits' errors may turn over.</summary>
    private const double Deviations = 5;

    public static Command Command()
    {
        var source = new Argument<string>("checkpoint") { Description = "The checkpoint's folder, for its sizes" };
        var folder = new Argument<string>("folder") { Description = "The folder that was built from it" };
        var device = new Option<DeviceChoice>("--device") { Description = "cpu or cuda", DefaultValueFactory = _ => DeviceChoice.Cpu };
        var rows = new Option<int[]>("--rows") { Description = "Rows at once", DefaultValueFactory = _ => [1, 2, 5, 8, 13, 32], AllowMultipleArgumentsPerToken = true };
        var weights = new Option<string?>("--weights") { Description = "Folder whose weights are computed in place of the folder's own: how far two ways to store them are apart" };
        var kernels = new Option<bool>("--without-kernels") { Description = "Leave GreenTune's own CUDA kernels out" };
        var command = new Command("parity", "The engine in batches against a plain computation of the folder's weights, teacher-forced") { source, folder, device, rows, weights, kernels };
        command.SetAction(parsed => Run(parsed.GetValue(source)!, ModelFolder.Open(parsed.GetValue(folder)!), ModelFolder.Open(parsed.GetValue(weights) ?? parsed.GetValue(folder)!), ExecutionProvider.Choose(parsed.GetValue(device), 0, !parsed.GetValue(kernels)), parsed.GetValue(rows)!));
        return command;
    }

    private static int Run(string source, ModelFolder folder, ModelFolder weights, ExecutionProvider provider, int[] rows)
    {
        using Checkpoint checkpoint = Checkpoint.Open(source);
        using var stored = new StoredDecoder(weights, DecoderArchitectures.Read(checkpoint));
        int failed = 0;
        Console.WriteLine("| folder | rows | positions | top-1 equal | rms error of a logit | largest | turned over at margins up to | beyond the noise |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (int count in rows)
        {
            int[][] texts = Texts(folder, count);
            failed += Compare(folder.Id, count, Expected(stored.Model, texts), Logits(folder, provider, texts));
        }

        return failed > 0 ? 1 : 0;
    }

    /// <summary>What <see cref="Logits"/> should be.</summary>
    private static List<float[]> Expected(DecoderModel model, int[][] texts)
    {
        var byRow = texts.Select(_ => new List<float[]>()).ToArray();
        new ReferenceDecoder(model).Logits(texts, (row, position, logits) =>
        {
            if (position >= texts[row].Length - Steps)
            {
                byRow[row].Add(logits.ToArray());
            }
        });
        return [.. Enumerable.Range(0, Steps).SelectMany(step => byRow.Select(row => row[step]))];
    }

    private static int Compare(string id, int rows, List<float[]> expected, List<float[]> actual)
    {
        double sum = 0;
        double largest = 0;
        long values = 0;
        var turned = new List<double>();
        for (int at = 0; at < expected.Count; at++)
        {
            // A shift of all logits changes nothing.
            double shift = TensorPrimitives.Sum<float>(actual[at]) / actual[at].Length - TensorPrimitives.Sum<float>(expected[at]) / expected[at].Length;
            for (int i = 0; i < expected[at].Length; i++)
            {
                double error = actual[at][i] - expected[at][i] - shift;
                sum += error * error;
                largest = Math.Max(largest, Math.Abs(error));
                values++;
            }

            int best = TensorPrimitives.IndexOfMax<float>(expected[at]);
            int chosen = TensorPrimitives.IndexOfMax<float>(actual[at]);
            if (best != chosen)
            {
                turned.Add(expected[at][best] - expected[at][chosen]);
            }
        }

        double rms = Math.Sqrt(sum / values);
        int beyond = turned.Count(margin => !(margin <= Deviations * Math.Sqrt(2) * rms));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {id} | {rows} | {expected.Count} | {expected.Count - turned.Count} | {rms:0.0000} | {largest:0.000} | {(turned.Count == 0 ? 0 : turned.Max()):0.000} | {beyond} |"));
        return double.IsFinite(rms) ? beyond : 1;
    }

    /// <summary>Logits of every row at every decode step, by step and row.</summary>
    private static List<float[]> Logits(ModelFolder folder, ExecutionProvider provider, int[][] texts)
    {
        using IModelRunner runner = RunnerFactory.Open(folder, provider, new RunnerBudget(512, texts.Length, null, 4));
        int last = runner.Classes.Count - 1;
        int[] next = new int[texts.Length];
        int[] past = new int[runner.Classes[last].Slots];
        for (int row = 0; row < texts.Length; row++)
        {
            int prompt = texts[row].Length - Steps;
            int half = prompt / 2;
            var place = new RowPlace(last, row, null);
            runner.Prefill(place, 1, texts[row].AsSpan(0, half), 0, wantLogits: false, next);
            runner.Prefill(place, 1, texts[row].AsSpan(half, prompt - half), half, wantLogits: false, next);
            past[row] = prompt;
        }

        var all = new List<float[]>();
        int[] tokens = new int[texts.Length];
        for (int step = 0; step < Steps; step++)
        {
            for (int row = 0; row < texts.Length; row++)
            {
                tokens[row] = texts[row][past[row]];
            }

            runner.Decode(new RowPlace(last, 0, null), tokens, past, wantLogits: true, next);
            for (int row = 0; row < texts.Length; row++)
            {
                float[] logits = runner.Logits(row).ToArray();
                if (next[row] != TensorPrimitives.IndexOfMax<float>(logits))
                {
                    // The device compares at its own precision: equal there is equal.
                    float gap = logits.Max() - logits[next[row]];
                    if (gap > 0.02f)
                    {
                        throw new InvalidOperationException($"the device chose {next[row]}, {gap} below the highest logit, in row {row} of {texts.Length}");
                    }
                }

                all.Add(logits);
                past[row]++;
            }
        }

        return all;
    }

    private static int[][] Texts(ModelFolder folder, int rows)
    {
        using ChatTokenizer tokenizer = ChatTokenizer.Open(folder.FolderPath);
        int[] tokens = [.. BundledTexts.Evaluation.Encode(tokenizer, null, 4096).SelectMany(document => document)];
        return [.. Enumerable.Range(0, rows).Select(row => tokens.Skip(row * 37 % Math.Max(1, tokens.Length - 400)).Take(Steps + 8 + row * 11 % 200).ToArray())];
    }
}
