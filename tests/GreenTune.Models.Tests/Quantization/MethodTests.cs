using System.Numerics.Tensors;
using GreenTune.Models.Building;
using GreenTune.Models.Calibration;
using GreenTune.Models.Folders;
using GreenTune.Models.Quantization;
using GreenTune.Models.Tests.Support;
using GreenTune.Models.Tokenization;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Models.Tests.Quantization;

/// <summary>Each method from the checkpoint to the logits of the folder.</summary>
public sealed class MethodTests
{
    [Fact]
    public async Task Every_method_keeps_most_choices_of_greentune_nano()
    {
        using var temporary = new TemporaryFolder();
        ModelFolder plain = await Fixtures.BuildAsync(Repository.Nano, temporary["fp32"], Precision.Fp32);
        using ChatTokenizer tokenizer = ChatTokenizer.Open(Repository.Nano);
        int[][] texts = [.. BundledTexts.Evaluation.Encode(tokenizer, 1500, 256)];
        int[][] wanted = Choices(plain, texts);
        // Floors a little below what was measured (docs/decisions/014-quantisation.md): other processors round integer sums elsewhere.
        foreach ((QuantizationMethod method, double floor) in new[] { (QuantizationMethod.Rtn, 0.74), (QuantizationMethod.Search, 0.77), (QuantizationMethod.Gptq, 0.76), (QuantizationMethod.Awq, 0.77), (QuantizationMethod.AwqGptq, 0.785) })
        {
            ModelFolder folder = await Fixtures.BuildAsync(Repository.Nano, temporary[method.Word()], Options(method) with { CalibrationTokens = method.IsCalibrated() ? 2048 : 4096 });
            int[][] got = Choices(folder, texts);
            double same = wanted.Zip(got).Sum(p => p.First.Zip(p.Second).Count(c => c.First == c.Second)) / (double)wanted.Sum(w => w.Length);
            Assert.True(same >= floor, $"{method.Word()} keeps {same:P2} of the choices, where {floor:P0} are expected");
            Assert.Equal(method.Word(), folder.Manifest!.Method);
            if (method.IsCalibrated())
                Assert.Matches($"^bundled calibration text, [0-9]+ tokens, sha256 {BundledTexts.Calibration.Sha256}$", folder.Manifest.Calibration);
            else
                Assert.Null(folder.Manifest.Calibration);
        }
    }

    [Fact]
    public async Task A_calibrated_method_without_a_tokenizer_says_which_methods_need_none()
    {
        using var temporary = new TemporaryFolder();
        string source = new TinyCheckpoint().Save(temporary["source"]);
        var e = await Assert.ThrowsAsync<ModelFolderException>(() => Fixtures.BuildAsync(source, temporary["out"], Options(QuantizationMethod.Gptq)));
        Assert.Contains("the method gptq is calibrated with a text and needs the checkpoint's tokenizer; rtn and search need none", e.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temporary["out"]));
        await Fixtures.BuildAsync(source, temporary["searched"], Options(QuantizationMethod.Search));
    }

    [Fact]
    public async Task A_text_of_the_users_own_is_named_in_the_manifest_and_part_of_the_variant()
    {
        using var temporary = new TemporaryFolder();
        string file = temporary["our letters.txt"];
        File.WriteAllText(file, string.Join('\n', Enumerable.Range(1, 200).Select(i => $"Letter {i}: the delivery of {i * 3} boxes is confirmed.")));
        BuildOptions options = Options(QuantizationMethod.Awq) with { CalibrationFile = file, CalibrationTokens = 256 };
        MarkedText text = MarkedText.Open(file);
        Assert.Equal($"-awq-cal256-text-{text.Sha256[..8]}", options.Variant);
        ModelFolder folder = await Fixtures.BuildAsync(Repository.Nano, temporary["out"], options);
        Assert.Equal($"our letters.txt, 256 tokens, sha256 {text.Sha256}", folder.Manifest!.Calibration);
    }

    [Fact]
    public async Task Options_that_calibrate_nothing_are_refused()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Fixtures.BuildAsync(Repository.Nano, "unused", Options(QuantizationMethod.Search) with { CalibrationFile = "x.txt" }));
        await Assert.ThrowsAsync<ArgumentException>(() => Fixtures.BuildAsync(Repository.Nano, "unused", Options(QuantizationMethod.Gptq) with { CalibrationTokens = 5 }));
    }

    [Fact]
    public async Task A_build_says_that_it_calibrates_and_can_be_stopped_there()
    {
        using var temporary = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        BuildRequest request = Fixtures.Request(Repository.Nano, temporary["out"]) with { Options = Options(QuantizationMethod.Gptq) with { CalibrationTokens = 256 } };
        var seen = new List<BuildProgress>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new ModelFolderBuilder(TimeProvider.System).BuildAsync(request, new Watcher(p =>
        {
            seen.Add(p);
            if (p is { Stage: BuildStage.Calibrating, Fraction: > 0.2 })
                stop.Cancel();
        }), stop.Token));
        Assert.Contains(seen, p => p is { Stage: BuildStage.Calibrating, Fraction: 0 });
        Assert.Contains(seen, p => p.Stage == BuildStage.Writing);
        Assert.Equal(seen.Select(p => p.Fraction).Order(), seen.Select(p => p.Fraction));
        Assert.False(Directory.Exists(temporary["out"]));
    }

    private static BuildOptions Options(QuantizationMethod method) => new() { Precision = Precision.Int4, Provider = Provider.Cpu, Method = method };

    /// <summary>The highest logit behind each token, by the scoring graph.</summary>
    private static int[][] Choices(ModelFolder folder, int[][] texts)
    {
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, IntraOpNumThreads = 1 };
        using var session = new InferenceSession(folder.ScoringGraphPath!, options);
        return [.. texts.Select(text => Choices(session, folder, text))];
    }

    private static int[] Choices(InferenceSession session, ModelFolder folder, int[] text)
    {
        var values = new Dictionary<string, OrtValue>
        {
            ["input_ids"] = OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(text, t => (long)t), [1, text.Length]),
            ["seqlens_k"] = OrtValue.CreateTensorValueFromMemory(new[] { text.Length - 1 }, [1]),
            ["total_sequence_length"] = OrtValue.CreateTensorValueFromMemory(new[] { text.Length }, []),
        };
        for (int i = 0; i < folder.Layers; i++)
        {
            foreach (string part in (string[])["key", "value"])
                values[$"past_key_values.{i}.{part}"] = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, folder.KeyValueType, [1, folder.KeyValueHeads, text.Length, folder.HeadSize]);
        }
        using var run = new RunOptions();
        using OrtIoBinding binding = session.CreateIoBinding();
        foreach ((string name, OrtValue value) in values)
        {
            binding.BindInput(name, value);
            if (name.StartsWith("past_", StringComparison.Ordinal))
                binding.BindOutput(name.Replace("past_key_values", "present", StringComparison.Ordinal), value);
        }
        var logits = new float[text.Length * folder.VocabularySize];
        using OrtValue output = OrtValue.CreateTensorValueFromMemory(logits, [1, text.Length, folder.VocabularySize]);
        binding.BindOutput("logits", output);
        session.RunWithBinding(run, binding);
        foreach (OrtValue value in values.Values)
            value.Dispose();
        return [.. Enumerable.Range(0, text.Length).Select(i => TensorPrimitives.IndexOfMax(logits.AsSpan(i * folder.VocabularySize, folder.VocabularySize)))];
    }

    private sealed class Watcher(Action<BuildProgress> watch) : IProgress<BuildProgress>
    {
        public void Report(BuildProgress value) => watch(value);
    }
}
