using System.Text.Json.Nodes;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Tests.Support;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Tests.Folders;

public sealed class ModelFolderTests(BuiltModels models) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_of_ours_says_what_the_engine_needs()
    {
        ModelFolder folder = models.Folder("greentune-tiny-int4");
        Assert.Equal(("greentune-tiny-int4", "greentune-tiny", Precision.Int4, Provider.Cpu), (folder.Id, folder.ModelName, folder.Precision, folder.Provider));
        Assert.Equal((12, 6, 2, 64, 384, 8192, 2048), (folder.Layers, folder.Heads, folder.KeyValueHeads, folder.HeadSize, folder.HiddenSize, folder.VocabularySize, folder.ContextLength));
        Assert.Equal([2], folder.StopTokenIds);
        Assert.Equal((1, 0), (folder.BosTokenId, folder.PadTokenId));
        Assert.Equal(22_029_696, folder.Parameters);
        // All but the norms: the tied embedding is multiplied once, as the output projection.
        Assert.Equal(22_029_696 - (25 * 384), folder.MultipliedParameters);
        Assert.Equal(TensorElementType.Float, folder.KeyValueType);
        Assert.Equal(2 * 12 * 2 * 64 * 4, folder.KeyValueBytesPerToken);
        Assert.True(File.Exists(folder.EngineGraphPath));
        Assert.True(File.Exists(folder.GenAIGraphPath));
        Assert.True(folder.HasTokenizer);
        Assert.False(folder.Sampling.Sample);
    }

    [Theory]
    [InlineData("fp32", 4.0)]
    [InlineData("int8", 1.125)]
    [InlineData("int4", 0.625)]
    public void Bytes_per_step_follow_from_the_precision(string precision, double bytesPerWeight)
    {
        ModelFolder folder = models.Folder($"greentune-nano-{precision}");
        long norms = 13 * 256 * 4;
        Assert.Equal((folder.MultipliedParameters!.Value * bytesPerWeight) + norms, folder.WeightBytesPerStep!.Value);
    }

    [Fact]
    public void The_manifest_says_how_the_folder_was_made()
    {
        ModelManifest manifest = models.Folder("greentune-nano-int4").Manifest!;
        Assert.Equal(("float32", 32, true, 4, "rtn"), (manifest.Activations, manifest.BlockSize, manifest.Symmetric, manifest.AccuracyLevel, manifest.Method));
        Assert.Equal("int4, shared with the output projection", manifest.Embedding);
        Assert.Equal(("greentune-nano", false), (manifest.Source.Name, manifest.Source.Quantized));
        SourceFile weights = Assert.Single(manifest.Source.Weights);
        Assert.Equal("model.safetensors", weights.Name);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Path.Combine(Repository.Nano, weights.Name)))), weights.Sha256);
        Assert.Null(models.Folder("greentune-nano-fp32").Manifest!.Method);
    }

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("engine.onnx")]
    [InlineData("model.onnx.data")]
    [InlineData("genai_config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    public void A_missing_part_is_named(string file)
    {
        Copy();
        File.Delete(_folder[file]);
        Assert.Contains(file, Refused(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("engine.onnx")]
    [InlineData("model.onnx.data")]
    [InlineData("genai_config.json")]
    public void A_truncated_part_is_named_with_and_without_a_manifest(string file)
    {
        Copy();
        using (FileStream stream = File.OpenWrite(_folder[file]))
            stream.SetLength(stream.Length - 100);
        Assert.Contains(file, Refused(), StringComparison.Ordinal);
        if (file == "engine.onnx")
            return;
        File.Delete(_folder["greentune.json"]);
        Assert.Contains(file, Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_from_elsewhere_opens_by_its_genai_configuration()
    {
        Copy();
        File.Delete(_folder["greentune.json"]);
        File.Delete(_folder["engine.onnx"]);
        EditConfig(c => c["model"]!["eos_token_id"] = new JsonArray(2, 0));
        ModelFolder folder = ModelFolder.Open(_folder.Path);
        Assert.Null(folder.EngineGraphPath);
        Assert.Null(folder.Manifest);
        Assert.Null(folder.Parameters);
        Assert.Equal(Path.GetFileName(_folder.Path), folder.Id);
        Assert.Equal((Precision.Int4, null), (folder.Precision, folder.Provider));
        Assert.Equal([2, 0], folder.StopTokenIds);
        Assert.Equal(models.Folder("greentune-nano-int4").MultipliedParameters, folder.MultipliedParameters);
        Assert.Equal(("input_ids", "attention_mask", null), (folder.GenAI.InputIds, folder.GenAI.AttentionMask, folder.GenAI.PositionIds));
        Assert.Equal("past_key_values.5.value", GenAIGraph.OfLayer(folder.GenAI.PastValues, 5));
    }

    [Fact]
    public void Sampling_comes_from_the_search_section()
    {
        Copy();
        File.Delete(_folder["greentune.json"]);
        EditConfig(c => c["search"] = new JsonObject { ["do_sample"] = true, ["temperature"] = 0.7, ["top_k"] = 50, ["top_p"] = 0.9, ["repetition_penalty"] = 1.1, ["max_length"] = 512 });
        Assert.Equal(new SamplingDefaults { Sample = true, Temperature = 0.7, TopK = 50, TopP = 0.9, RepetitionPenalty = 1.1, MaximumLength = 512 }, ModelFolder.Open(_folder.Path).Sampling);
        EditConfig(c => c["search"] = new JsonObject { ["do_sample"] = true, ["temperature"] = 0.0, ["top_k"] = 0 });
        Assert.Equal(new SamplingDefaults(), ModelFolder.Open(_folder.Path).Sampling);
        EditConfig(c => c.Remove("search"));
        Assert.Equal(new SamplingDefaults(), ModelFolder.Open(_folder.Path).Sampling);
    }

    [Theory]
    [InlineData("type", "model.type")]
    [InlineData("eos_token_id", "model.eos_token_id")]
    [InlineData("context_length", "model.context_length")]
    [InlineData("decoder", "model.decoder")]
    public void A_missing_field_is_named(string field, string named)
    {
        Copy();
        File.Delete(_folder["greentune.json"]);
        EditConfig(c => ((JsonObject)c["model"]!).Remove(field));
        Assert.Contains($"genai_config.json: {named} is missing", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_configuration_that_does_not_fit_the_graph_is_refused()
    {
        Copy();
        File.Delete(_folder["greentune.json"]);
        EditConfig(c => c["model"]!["decoder"]!["num_key_value_heads"] = 4);
        Assert.Contains("input past_key_values.0.key has shape [?, 2, ?, 64], where genai_config.json asks for [batch, 4, capacity, 64]", Refused(), StringComparison.Ordinal);
        EditConfig(c => (c["model"]!["decoder"]!["num_key_value_heads"], c["model"]!["decoder"]!["num_hidden_layers"]) = (2, 7));
        Assert.Contains("model.onnx has no input past_key_values.6.key", Refused(), StringComparison.Ordinal);
        EditConfig(c => (c["model"]!["vocab_size"], c["model"]!["decoder"]!["num_hidden_layers"]) = (9000, 6));
        Assert.Contains("output logits has 8192 logits", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void External_data_outside_the_folder_is_refused()
    {
        string inside = _folder["inside"];
        TemporaryFolder.Copy(models.Folder("greentune-nano-int4").FolderPath, inside);
        File.Delete(Path.Combine(inside, "greentune.json"));
        File.Move(Path.Combine(inside, "model.onnx.data"), _folder["model.onnx.dat"]);
        // "model.onnx.data" and "../model.onnx.dat" have different lengths: the name is changed in its own length.
        byte[] graph = File.ReadAllBytes(Path.Combine(inside, "model.onnx"));
        Replace(graph, "model.onnx.data"u8, "../del.onnx.dat"u8);
        File.WriteAllBytes(Path.Combine(inside, "model.onnx"), graph);
        var e = Assert.Throws<ModelFolderException>(() => ModelFolder.Open(inside));
        Assert.Contains("'../del.onnx.dat' points outside the folder", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_that_lead_outside_are_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs a privilege on Windows.");
        string inside = _folder["inside"];
        TemporaryFolder.Copy(models.Folder("greentune-nano-int4").FolderPath, inside);
        foreach (string name in new[] { "model.onnx.data", "model.onnx", "genai_config.json", "greentune.json" })
        {
            string file = Path.Combine(inside, name);
            File.Move(file, _folder[name]);
            File.CreateSymbolicLink(file, _folder[name]);
            Assert.Contains($"{name} is a link to", Assert.Throws<ModelFolderException>(() => ModelFolder.Open(inside)).Message, StringComparison.Ordinal);
            File.Delete(file);
            File.Move(_folder[name], file);
        }
        Directory.CreateSymbolicLink(_folder["link"], inside);
        Assert.Equal("greentune-nano-int4", ModelFolder.Open(_folder["link"]).Id);
    }

    [Fact]
    public void A_manifest_of_another_format_is_refused()
    {
        Copy();
        string text = File.ReadAllText(_folder["greentune.json"]);
        File.WriteAllText(_folder["greentune.json"], text.Replace($"\"format\": {ModelManifest.CurrentFormat}", "\"format\": 9", StringComparison.Ordinal));
        Assert.Contains($"format is 9; {ModelManifest.CurrentFormat} is read", Refused(), StringComparison.Ordinal);
        File.WriteAllText(_folder["greentune.json"], "{}");
        Assert.Contains("greentune.json is not valid", Refused(), StringComparison.Ordinal);
    }

    private void Copy()
    {
        foreach (string file in Directory.EnumerateFiles(models.Folder("greentune-nano-int4").FolderPath))
            File.Copy(file, _folder[Path.GetFileName(file)]);
    }

    private string Refused() => Assert.Throws<ModelFolderException>(() => ModelFolder.Open(_folder.Path)).Message;

    private void EditConfig(Action<JsonObject> edit)
    {
        var config = (JsonObject)JsonNode.Parse(File.ReadAllText(_folder["genai_config.json"]))!;
        edit(config);
        File.WriteAllText(_folder["genai_config.json"], config.ToJsonString());
    }

    private static void Replace(Span<byte> bytes, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        for (int at; (at = bytes.IndexOf(from)) >= 0;)
            to.CopyTo(bytes[at..]);
    }
}
