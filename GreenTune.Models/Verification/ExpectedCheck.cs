using System.Text.Json;
using GreenTune.Models.Architectures;
using GreenTune.Models.Building;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Folders;
using GreenTune.Models.Reference;
using GreenTune.Models.Tokenization;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Verification;

/// <summary>
/// Compares a folder with what another implementation computed for it: logits and greedy tokens, greedy answers, or ids and texts of its tokenizer. A checkpoint is compared twice, by the plain
/// forward pass and by the graphs of an fp32 folder that is built for it; a folder that GreenTune built is compared by its graphs.
/// </summary>
public sealed class ExpectedCheck(TimeProvider clock)
{
    private static readonly string[] TokenizerFields = ["ids", "ids_with_special", "decoded"];

    /// <param name="folder">A checkpoint, or a folder that GreenTune built.</param>
    /// <param name="expectedFile">
    /// JSON with input_ids, last_logits, mid_logits, mid_position, mean_nll and greedy_from_first_12, or with items of prompt_ids and tokens, or a list of a
    /// tokenizer's text, ids, ids_with_special and decoded.
    /// </param>
    /// <param name="cancellationToken">Stops between texts.</param>
    /// <exception cref="ModelFolderException">The folder or the file cannot be used.</exception>
    public async Task<ExpectedReport> RunAsync(string folder, string expectedFile, CancellationToken cancellationToken)
    {
        if (ExpectedFile.IsList(expectedFile))
            return Tokenizer(folder, expectedFile);
        using ExpectedFile expected = ExpectedFile.Read(expectedFile);
        if (ModelManifest.Read(folder) is not null)
            return Report(Graphs(ModelFolder.Open(folder), expected, cancellationToken), ["The folder is a built one: its graphs alone were compared. Give the checkpoint to compare the plain forward pass too."]);
        return await CheckpointAsync(folder, expected, cancellationToken);
    }

    private static ExpectedReport Tokenizer(string folder, string expectedFile)
    {
        TokenizerCheckResult result = TokenizerCheck.Compare(folder, expectedFile);
        List<ExpectedFigure> figures =
        [
            .. TokenizerFields.Select(field =>
            {
                int differing = result.Differences.Count(d => d.Field == field);
                return new ExpectedFigure("tokenizer", field, $"{differing} of {result.Strings} strings", "none", differing == 0 && result.Strings > 0);
            }),
        ];
        return Report(figures, [.. result.Differences.Select(d => $"{JsonSerializer.Serialize(d.Text)}: {d.Field} should be {d.Expected} and is {d.Got}")]);
    }

    private async Task<ExpectedReport> CheckpointAsync(string folder, ExpectedFile expected, CancellationToken cancellationToken)
    {
        List<ExpectedFigure> plain = await CheckpointAsync(folder, expected, TensorElementType.Float, cancellationToken);
        if (plain.TrueForAll(f => f.Passed) || StoredType(folder) is not { } type)
            return Report(plain, []);
        // A reference that casts a whole model to its stored type rounds its rotary frequencies with it.
        List<ExpectedFigure> rounded = await CheckpointAsync(folder, expected, type, cancellationToken);
        if (!rounded.TrueForAll(f => f.Passed))
            return Report(plain, []);
        ExpectedFigure worst = plain.First(f => !f.Passed);
        return Report(rounded,
            [$"The expected file was made with rotary frequencies rounded to {Onnx.FloatTypes.Word(type)}, the type of the stored weights; the figures are for frequencies rounded so. " +
            $"Built folders keep float32 frequencies, as checkpoints are trained with; with those, {worst.What} by the {worst.Path} differ by {worst.Difference}."]);
    }

    private async Task<List<ExpectedFigure>> CheckpointAsync(string folder, ExpectedFile expected, TensorElementType frequencies, CancellationToken cancellationToken)
    {
        var figures = new List<ExpectedFigure>();
        using (Checkpoint checkpoint = Checkpoint.Open(folder))
        {
            DecoderModel model = DecoderArchitectures.Read(checkpoint);
            figures.AddRange(expected.Reference(new ReferenceDecoder(model with { Rotary = model.Rotary.RoundedTo(frequencies) }), cancellationToken));
        }
        string temporary = Directory.CreateTempSubdirectory("greentune-check-").FullName;
        try
        {
            ModelFolder built = await new ModelFolderBuilder(clock).BuildAsync(new BuildRequest
            {
                Id = "check-fp32",
                ModelName = "check",
                SourceFolder = folder,
                TargetFolder = Path.Combine(temporary, "fp32"),
                Options = new BuildOptions { Precision = Precision.Fp32, Provider = Provider.Cpu, RotaryFrequencies = frequencies },
            }, null, cancellationToken);
            figures.AddRange(Graphs(built, expected, cancellationToken));
        }
        finally
        {
            BuildPlace.Remove(temporary);
        }
        return figures;
    }

    private static List<ExpectedFigure> Graphs(ModelFolder folder, ExpectedFile expected, CancellationToken cancellationToken)
    {
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        return [.. expected.Graphs(folder, options, cancellationToken)];
    }

    private static ExpectedReport Report(List<ExpectedFigure> figures, IReadOnlyList<string> notes) => new(figures.TrueForAll(f => f.Passed), figures, notes);

    /// <summary>Half-precision type of the embedding; null where it is another.</summary>
    private static TensorElementType? StoredType(string folder)
    {
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        return checkpoint.TypeOf("model.embed_tokens.weight") switch
        {
            "F16" => TensorElementType.Float16,
            "BF16" => TensorElementType.BFloat16,
            _ => null,
        };
    }
}
