using System.Text.Json.Nodes;
using GreenTune.Models.Architectures;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Tests.Support;

namespace GreenTune.Models.Tests.Checkpoints;

public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TinyCheckpoint _tiny = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_missing_tensor_is_named()
    {
        _tiny.Tensors.Remove("model.layers.1.mlp.up_proj.weight");
        Assert.Contains("tensor model.layers.1.mlp.up_proj.weight is missing", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_shape_that_does_not_fit_the_config_is_named_with_both_shapes()
    {
        _tiny.Config["intermediate_size"] = 128;
        Assert.Contains("has shape [96, 64], where config.json asks for [128, 64]", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_the_architecture_does_not_use_is_refused()
    {
        _tiny.Tensors["bias"] = SafetensorsWriter.Float32("model.layers.0.self_attn.q_proj.bias", [64], new float[64]);
        Assert.Contains("tensor model.layers.0.self_attn.q_proj.bias is no part of LlamaForCausalLM", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_that_follow_from_the_config_may_be_there()
    {
        _tiny.Tensors["inv"] = SafetensorsWriter.Float32("model.layers.0.self_attn.rotary_emb.inv_freq", [8], new float[8]);
        _tiny.Tensors["head"] = SafetensorsWriter.Float32("lm_head.weight", [1], 0);
        using Checkpoint checkpoint = Checkpoint.Open(_tiny.Save(_folder.Path));
        Assert.Equal(TinyCheckpoint.Layers, DecoderArchitectures.Read(checkpoint).Shape.Layers);
    }

    [Fact]
    public void Missing_files_are_named()
    {
        Assert.Contains("config.json is missing", Assert.Throws<ModelFolderException>(() => Checkpoint.Open(_folder.Path)).Message, StringComparison.Ordinal);
        _tiny.Save(_folder.Path);
        File.Delete(_folder["model.safetensors"]);
        Assert.Contains("there are no weights", Assert.Throws<ModelFolderException>(() => Checkpoint.Open(_folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<ModelFolderException>(() => Checkpoint.Open(_folder["nowhere"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shards_are_read_as_one_and_a_missing_one_is_named()
    {
        _tiny.Save(_folder.Path);
        Shard(name => name.Contains("layers.1", StringComparison.Ordinal) ? "b.safetensors" : "a.safetensors");
        using (Checkpoint checkpoint = Checkpoint.Open(_folder.Path))
            Assert.Equal(TinyCheckpoint.Vocabulary, DecoderArchitectures.Read(checkpoint).Embedding.Rows);
        File.Delete(_folder["b.safetensors"]);
        Assert.Contains("b.safetensors is missing", Assert.Throws<ModelFolderException>(() => Checkpoint.Open(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_the_index_puts_in_the_wrong_shard_is_named()
    {
        _tiny.Save(_folder.Path);
        Shard(_ => "a.safetensors");
        File.WriteAllText(_folder["model.safetensors.index.json"], """{"weight_map": {"elsewhere.weight": "a.safetensors"}}""");
        Assert.Contains("tensor elsewhere.weight is missing from a.safetensors", Assert.Throws<ModelFolderException>(() => Checkpoint.Open(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../outside.safetensors")]
    [InlineData("/outside.safetensors")]
    [InlineData("a/../../outside.safetensors")]
    [InlineData("C:\\\\outside.safetensors")]
    [InlineData("")]
    public void A_shard_outside_the_folder_is_refused(string file)
    {
        _tiny.Save(_folder["inside"]);
        SafetensorsWriter.Write(_folder["outside.safetensors"], _tiny.Tensors.Values);
        File.WriteAllText(Path.Combine(_folder["inside"], "model.safetensors.index.json"), $$$"""{"weight_map": {"model.norm.weight": "{{{file}}}"}}""");
        Assert.Contains("points outside the folder", Assert.Throws<ModelFolderException>(() => Checkpoint.Open(_folder["inside"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_that_leads_outside_is_refused_and_one_inside_is_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs a privilege on Windows.");
        string inside = _tiny.Save(_folder["inside"]);
        File.Move(Path.Combine(inside, "model.safetensors"), Path.Combine(inside, "blob"));
        File.CreateSymbolicLink(Path.Combine(inside, "model.safetensors"), "blob");
        using (Checkpoint checkpoint = Checkpoint.Open(inside))
            Assert.Equal(TinyCheckpoint.Layers, DecoderArchitectures.Read(checkpoint).Layers.Count);
        File.Move(Path.Combine(inside, "blob"), _folder["blob"]);
        File.Delete(Path.Combine(inside, "model.safetensors"));
        File.CreateSymbolicLink(Path.Combine(inside, "model.safetensors"), _folder["blob"]);
        Assert.Contains("is a link to", Assert.Throws<ModelFolderException>(() => Checkpoint.Open(inside)).Message, StringComparison.Ordinal);
    }

    private string Refused()
    {
        using Checkpoint checkpoint = Checkpoint.Open(_tiny.Save(_folder.Path));
        return Assert.Throws<ModelFolderException>(() => DecoderArchitectures.Read(checkpoint)).Message;
    }

    private void Shard(Func<string, string> fileOf)
    {
        File.Delete(_folder["model.safetensors"]);
        foreach (IGrouping<string, SafetensorsWriter.Tensor> shard in _tiny.Tensors.Values.GroupBy(t => fileOf(t.Name)))
            SafetensorsWriter.Write(_folder[shard.Key], shard);
        var map = new JsonObject();
        foreach (SafetensorsWriter.Tensor tensor in _tiny.Tensors.Values)
            map[tensor.Name] = fileOf(tensor.Name);
        File.WriteAllText(_folder["model.safetensors.index.json"], new JsonObject { ["weight_map"] = map }.ToJsonString());
    }
}
