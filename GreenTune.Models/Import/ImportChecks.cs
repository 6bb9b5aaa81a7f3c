using System.Globalization;
using System.Text.Json;
using GreenTune.Models.Architectures;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Folders;

namespace GreenTune.Models.Import;

/// <summary>Looks at a model before it becomes one of ours. Every check of an import is called from <see cref="Collect"/>.</summary>
internal static class ImportChecks
{
    private const string TokenizerFile = "tokenizer.json";
    private const string TokenizerConfigFile = "tokenizer_config.json";
    private const string TemplateFile = "chat_template.jinja";

    /// <exception cref="ModelFolderException">The model cannot be used at all.</exception>
    public static IReadOnlyList<ImportFinding> Collect(string folder, ImportKind kind)
    {
        var findings = new List<ImportFinding> { kind == ImportKind.ModelFolder ? Graph(folder) : Tensors(folder) };
        // A GGUF file holds its tokenizer and template itself.
        if (kind != ImportKind.Gguf)
        {
            findings.Add(Tokenizer(folder));
            findings.Add(Template(folder));
        }
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

    private static ImportFinding Tokenizer(string folder)
    {
        foreach (string file in (ReadOnlySpan<string>)[TokenizerFile, TokenizerConfigFile])
        {
            if (!File.Exists(Path.Combine(folder, file)))
                return new ImportFinding(ImportSeverity.Warning, "tokenizer", $"{file} is not there: the model can be built and cannot be asked anything");
        }
        return new ImportFinding(ImportSeverity.Good, "tokenizer", $"{TokenizerFile} and {TokenizerConfigFile} are there");
    }

    private static ImportFinding Template(string folder)
    {
        if (File.Exists(Path.Combine(folder, TemplateFile)))
            return new ImportFinding(ImportSeverity.Good, "chat template", $"{TemplateFile} is there");
        bool inConfig = false;
        if (File.Exists(Path.Combine(folder, TokenizerConfigFile)))
        {
            using ConfigReader config = ConfigReader.Open(folder, TokenizerConfigFile);
            inConfig = config.Find("chat_template") is { ValueKind: JsonValueKind.String or JsonValueKind.Array };
        }
        return inConfig
            ? new ImportFinding(ImportSeverity.Good, "chat template", $"{TokenizerConfigFile} has one")
            : new ImportFinding(ImportSeverity.Warning, "chat template", $"there is none in {TokenizerConfigFile} or {TemplateFile}: a base model, which goes on with a text and does not answer it");
    }

    private static ImportFinding License(string folder) =>
        Directory.EnumerateFiles(folder, "LICENSE*").Select(Path.GetFileName).FirstOrDefault() is { } file
            ? new ImportFinding(ImportSeverity.Good, "licence", $"{file} is there")
            : new ImportFinding(ImportSeverity.Note, "licence", "there is no LICENSE file: see where the model is from for what may be done with it");
}
