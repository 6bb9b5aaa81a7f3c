using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Import;
using GreenTune.Models.Store;
using GreenTune.Models.Tests.Support;

namespace GreenTune.Models.Tests.Import;

public sealed class ModelImporterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ModelStore _store;

    public ModelImporterTests() => _store = ModelStore.Open(new ModelStoreOptions { SourceFolder = Repository.Models, CacheFolder = _folder["cache"] });

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_checkpoint_is_copied_checked_and_offered()
    {
        TemporaryFolder.Copy(Repository.Nano, _folder["My_Model.1"]);
        File.WriteAllText(Path.Combine(_folder["My_Model.1"], "pytorch_model.bin"), "not wanted");
        var reports = new List<ImportProgress>();
        ImportedModel model = await ImportAsync("My_Model.1", progress: new Sink(reports));
        Assert.Equal((ImportKind.Checkpoint, "My_Model.1", Path.Combine(_store.CheckpointsFolder, "My_Model.1")), (model.Kind, model.Name, model.Folder));
        Assert.Equal(File.ReadAllBytes(Path.Combine(Repository.Nano, "model.safetensors")), File.ReadAllBytes(Path.Combine(model.Folder, "model.safetensors")));
        Assert.False(File.Exists(Path.Combine(model.Folder, "pytorch_model.bin")));
        Assert.Equal(["architecture", "licence"], [model.Findings[0].What, model.Findings[^1].What]);
        Assert.Contains(model.Findings, f => f.What == "Round trip");
        Assert.DoesNotContain(model.Findings, f => f.Severity == ImportSeverity.Warning);
        Assert.Contains("LlamaForCausalLM: ", model.Findings[0].Detail, StringComparison.Ordinal);
        Assert.Equal(model.Bytes, reports[^1].Bytes);
        Assert.Contains(_store.Configurations(Provider.Cpu), c => c.Id == "My_Model.1-int4");
        AssertNothingUnfinished();
    }

    [Fact]
    public async Task What_a_model_lacks_is_found()
    {
        new TinyCheckpoint().Save(_folder["bare"]);
        ImportedModel model = await ImportAsync("bare");
        Assert.Equal([ImportSeverity.Good, ImportSeverity.Warning, ImportSeverity.Note], model.Findings.Select(f => f.Severity));
        Assert.Contains("tokenizer.json is not there", model.Findings[1].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gguf_file_becomes_a_checkpoint_whose_tokenizer_was_tried()
    {
        File.Copy(Repository.SharedModel("gguf/greentune-nano-q8_0.gguf"), _folder["nano.gguf"]);
        ImportedModel model = await ImportAsync("nano.gguf");
        Assert.Equal((ImportKind.Gguf, "nano"), (model.Kind, model.Name));
        Assert.Contains(model.Findings, f => f is { What: "Round trip", Severity: ImportSeverity.Good });
        Assert.DoesNotContain(model.Findings, f => f.Severity == ImportSeverity.Warning);
        ModelConfiguration configuration = _store.Find("nano-int8", Provider.Cpu);
        Assert.True((await _store.EnsureBuiltAsync(configuration)).Manifest!.Source.Quantized);
    }

    [Fact]
    public async Task Moving_takes_the_files_and_the_emptied_folder()
    {
        new TinyCheckpoint().Save(_folder["moved"]);
        ImportedModel model = await ImportAsync("moved", move: true);
        Assert.True(File.Exists(Path.Combine(model.Folder, "model.safetensors")));
        Assert.False(Directory.Exists(_folder["moved"]));
    }

    [Fact]
    public async Task A_damaged_checkpoint_stays_where_it_is_even_when_it_was_to_be_moved()
    {
        new TinyCheckpoint().Save(_folder["cut"]);
        string weights = Path.Combine(_folder["cut"], "model.safetensors");
        byte[] all = File.ReadAllBytes(weights);
        File.WriteAllBytes(weights, all[..^10]);
        ModelFolderException e = await Assert.ThrowsAsync<ModelFolderException>(() => ImportAsync("cut", move: true));
        Assert.Contains("model.safetensors", e.Message, StringComparison.Ordinal);
        Assert.Equal(all.Length - 10, new FileInfo(weights).Length);
        Assert.Empty(_store.CachedCheckpoints());
        AssertNothingUnfinished();
    }

    [Fact]
    public async Task A_stopped_move_puts_back_what_it_took()
    {
        new TinyCheckpoint().Save(_folder["stopped"]);
        using var stop = new CancellationTokenSource();
        var importer = new ModelImporter(_store);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            importer.ImportAsync(new ImportRequest { Path = _folder["stopped"], Move = true }, new Act(p => stop.Cancel()), stop.Token));
        Assert.Equal(["config.json", "model.safetensors"], Directory.EnumerateFiles(_folder["stopped"]).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        AssertNothingUnfinished();
    }

    [Fact]
    public async Task A_name_that_is_taken_or_cannot_be_says_name()
    {
        new TinyCheckpoint().Save(_folder["two words"]);
        Assert.Contains("give one with --name", (await Assert.ThrowsAsync<ImportException>(() => ImportAsync("two words"))).Message, StringComparison.Ordinal);
        await ImportAsync("two words", name: "words");
        foreach (string taken in (string[])["words", "WORDS", "greentune-nano", "greentune-tiny-int4"])
            Assert.Contains($"--name {taken}-2", (await Assert.ThrowsAsync<ImportException>(() => ImportAsync("two words", name: taken))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_that_leads_out_is_refused()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("links need rights there");
        new TinyCheckpoint().Save(_folder["linked"]);
        File.CreateSymbolicLink(Path.Combine(_folder["linked"], "tokenizer.json"), Path.Combine(Repository.Nano, "tokenizer.json"));
        ModelFolderException e = await Assert.ThrowsAsync<ModelFolderException>(() => ImportAsync("linked"));
        Assert.Contains("outside the folder; copy the file in its place", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_folder_goes_among_those_that_are_served_as_they_are()
    {
        ModelFolder built = await _store.EnsureBuiltAsync(_store.Find("greentune-nano-int4", Provider.Cpu));
        ImportedModel model = await new ModelImporter(_store).ImportAsync(new ImportRequest { Path = built.FolderPath, Name = "foreign" });
        Assert.Equal((ImportKind.ModelFolder, Path.Combine(_store.ForeignFolder, "foreign")), (model.Kind, model.Folder));
        Assert.Equal([model.Folder], _store.ForeignFolders());
        Assert.Equal("graph", model.Findings[0].What);
        Assert.Equal(built.Bytes, ModelFolder.Open(model.Folder).Bytes);
        Assert.DoesNotContain(_store.Configurations(Provider.Cpu), c => c.Model == "foreign");
    }

    [Fact]
    public async Task A_model_folder_whose_weights_are_missing_is_refused()
    {
        ModelFolder built = await _store.EnsureBuiltAsync(_store.Find("greentune-nano-int4", Provider.Cpu));
        TemporaryFolder.Copy(built.FolderPath, _folder["broken"]);
        File.Delete(Path.Combine(_folder["broken"], "model.onnx.data"));
        Assert.Contains("model.onnx.data", (await Assert.ThrowsAsync<ModelFolderException>(() => ImportAsync("broken"))).Message, StringComparison.Ordinal);
        Assert.Empty(_store.ForeignFolders());
    }

    [Fact]
    public async Task What_is_no_model_says_what_is_expected()
    {
        Directory.CreateDirectory(_folder["empty"]);
        Assert.Contains("nor genai_config.json", (await Assert.ThrowsAsync<ImportException>(() => ImportAsync("empty"))).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", (await Assert.ThrowsAsync<ImportException>(() => ImportAsync("nothing"))).Message, StringComparison.Ordinal);
        File.WriteAllText(_folder["a.zip"], "");
        Assert.Contains("is no .gguf file", (await Assert.ThrowsAsync<ImportException>(() => ImportAsync("a.zip"))).Message, StringComparison.Ordinal);
        File.WriteAllText(_folder["cut.gguf"], "GGUF");
        await Assert.ThrowsAsync<ModelFolderException>(() => ImportAsync("cut.gguf"));
        Assert.Empty(_store.CachedCheckpoints());
        AssertNothingUnfinished();
    }

    [Fact]
    public async Task A_disk_without_room_is_said_before_anything_is_copied()
    {
        new TinyCheckpoint().Save(_folder["large"]);
        var importer = new ModelImporter(_store, TimeProvider.System, _ => 1000);
        Assert.Contains("--move", (await Assert.ThrowsAsync<ImportException>(() => importer.ImportAsync(new ImportRequest { Path = _folder["large"] }))).Message, StringComparison.Ordinal);
    }

    private Task<ImportedModel> ImportAsync(string path, string? name = null, bool move = false, IProgress<ImportProgress>? progress = null) =>
        new ModelImporter(_store).ImportAsync(new ImportRequest { Path = _folder[path], Name = name, Move = move }, progress);

    private void AssertNothingUnfinished() => Assert.DoesNotContain(
        Directory.EnumerateDirectories(_folder["cache"], "*", SearchOption.AllDirectories), f => f.Contains(".unfinished", StringComparison.Ordinal));

    private sealed class Sink(List<ImportProgress> reports) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => reports.Add(value);
    }

    private sealed class Act(Action<ImportProgress> act) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => act(value);
    }
}
