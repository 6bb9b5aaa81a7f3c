using System.Globalization;
using GreenTune.Models.Architectures;
using GreenTune.Models.Building;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Folders;
using GreenTune.Models.Tokenization;

namespace GreenTune.Models.Import;

/// <summary>Looks at a model before it becomes one of ours. Every check of an import is called from <see cref="Collect"/>.</summary>
internal static class ImportChecks
{
    private const string TokenizerFile = "tokenizer.json";
    private const string TokenizerConfigFile = "tokenizer_config.json";

    /// <exception cref="ModelFolderException">The model cannot be used at all.</exception>
    public static IReadOnlyList<ImportFinding> Collect(string folder, ImportKind kind)
    {
        var findings = new List<ImportFinding> { kind == ImportKind.ModelFolder ? Graph(folder) : Tensors(folder) };
        findings.AddRange(kind == ImportKind.Gguf ? GgufTokenizer(folder) : Tokenizer(folder));
        findings.Add(License(folder));
        return findings;
    }

    /// <summary>Opens the checkpoint and has its architecture read every tensor's name and shape.</summary>
    private static ImportFinding Tensors(string folder)
    {
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        DecoderModel model = DecoderArchitectures.Read(checkpoint);
        return new ImportFinding(ImportSeverity.Good, "architecture", string.Create(CultureInfo.InvariantCulture,
            $"{checkpoint.Config.Find("architectures")?[0].GetString()}: {model.Shape.Layers} layers, {model.Parameters:N0} parameters, {model.Shape.ContextLength:N0} tokens of context; every tensor is there and fits"));
    }

    private static ImportFinding Graph(string folder)
    {
        ModelFolder opened = ModelFolder.Open(folder);
        return new ImportFinding(ImportSeverity.Good, "graph", string.Create(CultureInfo.InvariantCulture,
            $"{opened.GenAI.File}: {opened.Layers} layers, {opened.Precision?.ToString().ToLowerInvariant() ?? "mixed"} weights, {opened.ContextLength:N0} tokens of context; its weights are inside the folder"));
    }

    /// <summary>The tokenizer that a GGUF file holds, as a folder that is built from it will have it.</summary>
    private static IReadOnlyList<ImportFinding> GgufTokenizer(string folder)
    {
        string temporary = Directory.CreateTempSubdirectory("greentune-tokenizer-").FullName;
        try
        {
            using Checkpoint checkpoint = Checkpoint.Open(folder);
            checkpoint.WriteTokenizerFiles(temporary);
            return Tokenizer(temporary);
        }
        catch (ModelFolderException e)
        {
            return [new ImportFinding(ImportSeverity.Warning, "tokenizer", $"{e.Message}: the model can be built and cannot be asked anything")];
        }
        finally
        {
            BuildPlace.Remove(temporary);
        }
    }

    /// <summary>Sends awkward strings through the tokenizer and sample conversations through the chat template.</summary>
    private static IReadOnlyList<ImportFinding> Tokenizer(string folder)
    {
        foreach (string file in (ReadOnlySpan<string>)[TokenizerFile, TokenizerConfigFile])
        {
            if (!File.Exists(Path.Combine(folder, file)))
                return [new ImportFinding(ImportSeverity.Warning, "tokenizer", $"{file} is not there: the model can be built and cannot be asked anything")];
        }
        return
        [
            .. TokenizerSelfCheck.Run(folder).Select(f => new ImportFinding(
                f.Severity switch
                {
                    FindingSeverity.Ok => ImportSeverity.Good,
                    FindingSeverity.Note => ImportSeverity.Note,
                    _ => ImportSeverity.Warning,
                },
                f.What, f.Detail)),
        ];
    }

    private static ImportFinding License(string folder) =>
        Directory.EnumerateFiles(folder, "LICENSE*").Select(Path.GetFileName).FirstOrDefault() is { } file
            ? new ImportFinding(ImportSeverity.Good, "licence", $"{file} is there")
            : new ImportFinding(ImportSeverity.Note, "licence", "there is no LICENSE file: see where the model is from for what may be done with it");
}
