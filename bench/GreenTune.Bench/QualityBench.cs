using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Quantization;
using GreenTune.Models.Store;
using GreenTune.Models.Verification;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Bench;

/// <summary>How much of a checkpoint each precision, form of blocks and method of rounding keeps, through the scoring graph that is built for it.</summary>
internal static class QualityBench
{
    public static Command Command()
    {
        var models = new Option<string[]>("--models") { Description = "Models", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => ["greentune-nano", "greentune-tiny"] };
        var precisions = new Option<Precision[]>("--precisions") { Description = "int8, int4", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [Precision.Int8, Precision.Int4] };
        var blocks = new Option<int[]>("--blocks") { Description = "Block sizes", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [16, 32, 64, 128] };
        var methods = new Option<QuantizationMethod[]>("--methods") { Description = "rtn, search, gptq, awq, awqgptq", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => Enum.GetValues<QuantizationMethod>() };
        var symmetries = new Option<bool[]>("--symmetric") { Description = "true for blocks around 0, false for blocks with zero points", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [true, false] };
        var levels = new Option<int[]>("--accuracy-levels") { Description = "4, 0", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [4] };
        var tokens = new Option<int>("--calibration-tokens") { Description = "Tokens that calibrated methods use", DefaultValueFactory = _ => new BuildOptions { Precision = Precision.Int4, Provider = Provider.Cpu }.CalibrationTokens };
        var text = new Option<string?>("--calibration-file") { Description = "Another calibration text" };
        var head = new Option<TableStorage>("--head") { Description = "How embedding and output projection are stored: same, int8, float" };
        var threads = new Option<int>("--threads") { Description = "Threads of the scoring graph", DefaultValueFactory = _ => Environment.ProcessorCount };
        var sample = new Option<int>("--prompts") { Description = "Prompts that are measured", DefaultValueFactory = _ => 300 };
        var output = new Option<string?>("--output") { Description = "File that the tables are added to" };
        var command = new Command("quality", "Top-1 agreement with fp32, perplexity and sentiment accuracy of every precision, block and method")
        {
            models, precisions, blocks, methods, symmetries, levels, tokens, text, head, threads, sample, output,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var table = new Table(parsed.GetValue(output));
            string sources = ModelStore.Open(new ModelStoreOptions()).SourceFolder;
            foreach (string model in parsed.GetValue(models)!)
            {
                IEnumerable<BuildOptions> forms =
                    from precision in parsed.GetValue(precisions)!
                    from block in parsed.GetValue(blocks)!
                    from symmetric in parsed.GetValue(symmetries)!
                    from method in parsed.GetValue(methods)!
                    from level in parsed.GetValue(levels)!
                    select new BuildOptions
                    {
                        Precision = precision,
                        Provider = Provider.Cpu,
                        BlockSize = block,
                        Symmetric = symmetric,
                        Method = method,
                        AccuracyLevel = level,
                        CalibrationTokens = parsed.GetValue(tokens),
                        CalibrationFile = method.IsCalibrated() ? parsed.GetValue(text) : null,
                        Embedding = parsed.GetValue(head),
                        Head = parsed.GetValue(head),
                    };
                await RunAsync(Path.Combine(sources, model), forms, parsed.GetValue(threads), parsed.GetValue(sample), table, cancellation);
            }
        });
        return command;
    }

    private static async Task RunAsync(string source, IEnumerable<BuildOptions> forms, int threads, int prompts, Table table, CancellationToken cancellation)
    {
        string model = Path.GetFileName(source);
        QualityTexts texts = QualityTexts.Read(source, prompts);
        (QualityScores reference, ModelFolder plain, double seconds) = await ScoreAsync(source, new BuildOptions { Precision = Precision.Fp32, Provider = Provider.Cpu }, texts, threads, cancellation);
        table.Line($"\n### {model}\n");
        table.Line(string.Create(CultureInfo.InvariantCulture, $"{texts.Answers.Count} prompts with answers, {reference.AnswerChoices.Sum(c => c.Length)} positions, of which the prompts' common words are {texts.Answers.Count * (texts.SharedTokens - 1)}; evaluation text {reference.TextChoices.Sum(c => c.Length)} positions.\n"));
        table.Line("| precision | block | zero points | method | accuracy level | top-1, prompts and answers | of that, behind the common words | top-1, evaluation text | perplexity, evaluation text | change | perplexity, answers | change | sentiment accuracy | folder MB | build s |");
        table.Line("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        table.Line(Row("fp32 | | | |", reference, reference, plain, seconds, texts.SharedTokens));
        foreach (BuildOptions form in forms)
        {
            (QualityScores scores, ModelFolder folder, double build) = await ScoreAsync(source, form, texts, threads, cancellation);
            table.Line(Row($"{form.Precision.Word()} | {form.BlockSize} | {(form.Symmetric ? "no" : "yes")} | {form.Method.Word()} | {form.AccuracyLevel}", scores, reference, folder, build, texts.SharedTokens));
        }
    }

    private static string Row(string form, QualityScores scores, QualityScores reference, ModelFolder folder, double build, int shared) => string.Create(CultureInfo.InvariantCulture,
        $"| {form} | {scores.AnswerAgreement(reference):0.00 %} | {scores.OwnAgreement(reference, shared - 1):0.00 %} | {scores.TextAgreement(reference):0.00 %} | {scores.TextPerplexity:0.000} | {(scores.TextPerplexity / reference.TextPerplexity) - 1:+0.00 %;-0.00 %;0} | {scores.AnswerPerplexity:0.0000} | {(scores.AnswerPerplexity / reference.AnswerPerplexity) - 1:+0.00 %;-0.00 %;0} | {scores.Accuracy:0.0000} | {folder.Bytes / 1e6:0.0} | {build:0.0} |");

    private static async Task<(QualityScores Scores, ModelFolder Folder, double BuildSeconds)> ScoreAsync(string source, BuildOptions options, QualityTexts texts, int threads, CancellationToken cancellation)
    {
        string place = Directory.CreateTempSubdirectory("greentune-quality-").FullName;
        try
        {
            string model = Path.GetFileName(source);
            long start = Stopwatch.GetTimestamp();
            ModelFolder folder = await new ModelFolderBuilder(TimeProvider.System).BuildAsync(new BuildRequest
            {
                Id = $"{model}-{options.Precision.Word()}",
                ModelName = model,
                SourceFolder = source,
                TargetFolder = Path.Combine(place, "folder"),
                Options = options,
            }, null, cancellation);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            using var session = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, IntraOpNumThreads = threads };
            using var graph = new ScoringGraph(folder, session);
            return (QualityScores.Of(graph, folder, texts), folder, seconds);
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }

    /// <summary>Markdown, to the screen and, where one is named, to a file.</summary>
    private sealed class Table(string? path)
    {
        public void Line(string line)
        {
            Console.WriteLine(line);
            if (path is not null)
                File.AppendAllText(path, line + "\n", Encoding.UTF8);
        }
    }
}
