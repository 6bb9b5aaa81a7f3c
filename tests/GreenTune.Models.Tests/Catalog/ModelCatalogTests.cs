using System.Text.Json.Nodes;
using GreenTune.Models.Building;
using GreenTune.Models.Catalog;
using GreenTune.Models.Download;
using GreenTune.Models.Tests.Support;

namespace GreenTune.Models.Tests.Catalog;

public sealed class ModelCatalogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_bundled_catalog_is_sound()
    {
        ModelCatalog catalog = ModelCatalog.Open(Repository.Models);
        Assert.Equal(18, catalog.Entries.Count);
        Assert.All(catalog.Entries, e => Assert.Null(ModelCatalog.Fault(e)));
        Assert.Equal(catalog.Entries.Count, catalog.Entries.Select(e => e.Repository).Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.Equal(["llama-3.2-1b-instruct", "llama-3.2-3b-instruct", "llama-3.1-8b-instruct"], catalog.Entries.Where(e => e.Gated == true).Select(e => e.Id));
    }

    [Fact]
    public void Needs_follow_from_the_shape()
    {
        CatalogEntry tiny = ModelCatalog.Open(Repository.Models).Find("tinyllama-1.1b-chat")!;
        Assert.Equal(1_100_048_384, tiny.Parameters);
        Assert.Equal(2_200_096_768, tiny.DownloadBytes);
        Assert.Equal((long)(1_100_048_384 * 0.625), tiny.FolderBytes(Precision.Int4, Provider.Cpu));
        // 22 layers x 2 x 4 heads x 64 x 4 bytes = 45,056 bytes a token, of which 2048 fit.
        Assert.Equal(tiny.FolderBytes(Precision.Fp32, Provider.Cpu) + (45_056L * 2048), tiny.MemoryBytes(Precision.Fp32, Provider.Cpu));
    }

    [Fact]
    public void A_users_catalog_replaces_entries_of_the_same_id_and_adds_others()
    {
        JsonNode own = Bundled("tinyllama-1.1b-chat", "qwen3-0.6b");
        own["models"]![0]!["repository"] = "mine/tiny";
        own["models"]![1]!["id"] = "mine";
        ModelCatalog catalog = ModelCatalog.Open(Repository.Models, Write(own));
        Assert.Equal(19, catalog.Entries.Count);
        Assert.Equal("mine/tiny", catalog.Find("TinyLlama-1.1b-chat")!.Repository);
        Assert.NotNull(catalog.Find("mine"));
    }

    [Theory]
    [InlineData("id", "Two Words", "id is no name")]
    [InlineData("license", "Apache 2", "license is 'Apache 2'")]
    [InlineData("license", "LicenseRef-Mine", "licenseName and licenseUrl are expected")]
    [InlineData("architecture", "GPT2LMHeadModel", "known are LlamaForCausalLM, MistralForCausalLM")]
    [InlineData("repository", "../etc", "repository is '../etc'")]
    [InlineData("revision", "a b", "revision is 'a b'")]
    [InlineData("notes", "", "notes is empty")]
    public void A_field_that_cannot_be_is_named(string field, string value, string expected)
    {
        JsonNode own = Bundled("tinyllama-1.1b-chat");
        own["models"]![0]![field] = value;
        string message = Assert.Throws<CatalogException>(() => ModelCatalog.Open(Repository.Models, Write(own))).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains(_folder.Path, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_count_of_parameters_that_the_shape_does_not_give_is_refused()
    {
        JsonNode own = Bundled("tinyllama-1.1b-chat");
        own["models"]![0]!["parameters"] = 1_100_000_000;
        Assert.Contains("the shape gives 1100048384", Assert.Throws<CatalogException>(() => ModelCatalog.Read(Write(own))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"version": 2, "models": []}""")]
    [InlineData("""{"version": 1}""")]
    [InlineData("""{"version": 1, "models": [], "more": 1}""")]
    [InlineData("""{"version": 1, "models": [{"id": "x"}]}""")]
    public void A_file_that_is_no_catalog_is_refused(string text)
    {
        File.WriteAllText(_folder["own.json"], text);
        Assert.Contains("own.json", Assert.Throws<CatalogException>(() => ModelCatalog.Read(_folder["own.json"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_that_is_there_twice_and_a_missing_file_are_refused()
    {
        Assert.Contains("is there twice", Assert.Throws<CatalogException>(() => ModelCatalog.Read(Write(Bundled("qwen3-4b", "qwen3-4b")))).Message, StringComparison.Ordinal);
        Assert.Contains("--catalog or Models:Catalog", Assert.Throws<CatalogException>(() => ModelCatalog.Open(Repository.Models, _folder["none.json"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_asked_for_is_an_id_or_a_repository()
    {
        ModelCatalog catalog = ModelCatalog.Open(Repository.Models);
        PullRequest byId = PullTarget.Resolve(catalog, "qwen3-0.6b");
        Assert.Equal(("Qwen/Qwen3-0.6B", null, "qwen3-0.6b", "Apache-2.0"), (byId.Repository, byId.Revision, byId.Name, byId.License));
        PullRequest inFull = PullTarget.Resolve(catalog, "qwen/qwen3-0.6b@v2");
        Assert.Equal(("Qwen/Qwen3-0.6B", "v2", "qwen3-0.6b"), (inFull.Repository, inFull.Revision, inFull.Name));
        PullRequest other = PullTarget.Resolve(catalog, "org/Other", revision: "dev", name: "mine", files: ["a.gguf"]);
        Assert.Equal(("org/Other", "dev", "mine", null), (other.Repository, other.Revision, other.Name, other.License));
        Assert.Contains("The catalog has: smollm2-135m-instruct,", Assert.Throws<UnknownModelException>(() => PullTarget.Resolve(catalog, "qwen4")).Message, StringComparison.Ordinal);
        Assert.Throws<HubException>(() => PullTarget.Resolve(catalog, "org/other@a", revision: "b"));
    }

    private static JsonNode Bundled(params string[] ids)
    {
        JsonNode all = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Models, ModelCatalog.FileName)))!;
        JsonNode[] kept = [.. ids.Select(id => all["models"]!.AsArray().Single(m => m!["id"]!.GetValue<string>() == id)!.DeepClone())];
        all["models"] = new JsonArray(kept);
        return all;
    }

    private string Write(JsonNode catalog)
    {
        File.WriteAllText(_folder["own.json"], catalog.ToJsonString());
        return _folder["own.json"];
    }
}
