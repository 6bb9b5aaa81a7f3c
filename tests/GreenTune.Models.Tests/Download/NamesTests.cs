using FsCheck;
using FsCheck.Fluent;
using GreenTune.Models.Download;
using GreenTune.Models.Store;

namespace GreenTune.Models.Tests.Download;

public sealed class NamesTests
{
    [Theory]
    [InlineData("org/name", "org/name", null)]
    [InlineData("org/name@main", "org/name", "main")]
    [InlineData("org/na.me-1@refs/pr/1", "org/na.me-1", "refs/pr/1")]
    [InlineData("name", null, null)]
    [InlineData("org/name/more", null, null)]
    [InlineData("org/../name", null, null)]
    [InlineData("org/na..me", null, null)]
    [InlineData("org/name@../x", null, null)]
    [InlineData("org/name@", null, null)]
    [InlineData("org/na me", null, null)]
    [InlineData("org/name?x", null, null)]
    public void Repositories_are_read(string text, string? name, string? revision)
    {
        HubRepository? repository = HubRepository.TryParse(text);
        Assert.Equal((name, revision), (repository?.Name, repository?.Revision));
    }

    [Theory]
    [InlineData("smollm2-135m", true)]
    [InlineData("A.b_c-9", true)]
    [InlineData("", false)]
    [InlineData(".hidden", false)]
    [InlineData("a/b", false)]
    [InlineData("a.", false)]
    [InlineData("a.unfinished", false)]
    [InlineData("con", false)]
    [InlineData("ä", false)]
    [InlineData("a\n", false)]
    public void Names_of_checkpoints_are_told(string text, bool good) => Assert.Equal(good, CheckpointNames.IsName(text));

    [Fact]
    public void A_path_that_is_safe_stays_below_its_folder()
    {
        string root = Path.Combine(Path.GetTempPath(), "root");
        Gen<string> parts = Gen.Elements("a", "..", ".", "", "b c", "/", "\\", "\0", "c:", "~", "model.safetensors", "...", " ");
        Gen<string> paths = from list in Gen.ListOf(parts) from separator in Gen.Elements("/", "\\", "") select string.Join(separator, list);
        Prop.ForAll(paths.ToArbitrary(), path => !HubFile.IsSafePath(path)
            || Path.GetFullPath(Path.Combine(root, path)).StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal)).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("model-*-of-*.safetensors", "model-00001-of-00002.safetensors", true)]
    [InlineData("model-*-of-*.safetensors", "model-of-.safetensors", false)]
    [InlineData("*.json", "a/b.json", false)]
    [InlineData("LICENSE*", "LICENSE", true)]
    [InlineData("*", "a", true)]
    [InlineData("a*a", "a", false)]
    [InlineData("onnx/*.onnx", "onnx/model.onnx", true)]
    public void Patterns_match_within_a_folder(string pattern, string path, bool matches) => Assert.Equal(matches, FilePatterns.Matches(pattern, path));

    [Fact]
    public void The_endpoint_and_the_token_come_from_the_environment()
    {
        Assert.Equal("https://huggingface.co/", HubOptions.ReadEndpoint(null, environment: _ => null).AbsoluteUri);
        Assert.Equal("https://mirror.example/hub/", HubOptions.ReadEndpoint(null, environment: name => name == "HF_ENDPOINT" ? "https://mirror.example/hub" : null).AbsoluteUri);
        Assert.Equal("https://given.example/", HubOptions.ReadEndpoint("https://given.example", environment: _ => "https://other.example").AbsoluteUri);
        Assert.Contains("HF_ENDPOINT", Assert.Throws<HubException>(() => HubOptions.ReadEndpoint(null, environment: _ => "mirror")).Message, StringComparison.Ordinal);
        Assert.Equal("b", HubToken.FromEnvironment(name => name == "HUGGING_FACE_HUB_TOKEN" ? " b\n" : null)!.Value);
        HubException bad = Assert.Throws<HubException>(() => HubToken.FromEnvironment(_ => "two words"));
        Assert.DoesNotContain("two words", bad.Message, StringComparison.Ordinal);
    }
}
