using System.Security.Cryptography;
using GreenTune.Models.Building;
using GreenTune.Models.Download;
using GreenTune.Tests;

namespace GreenTune.Models.Tests.Download;

public sealed class ModelPullerTests : IAsyncDisposable
{
    private readonly PullingHub _pull = new();

    public ValueTask DisposeAsync() => _pull.DisposeAsync();

    [Fact]
    public async Task A_checkpoint_is_pulled_at_a_commit_and_pinned_with_sizes_and_hashes()
    {
        PulledCheckpoint pulled = await _pull.PullAsync("v1.0");
        _pull.AssertPulled();
        Assert.Equal(_pull.Target(), pulled.Folder);
        SourcePin pin = SourcePin.Read(pulled.Folder)!;
        Assert.Equal((PullingHub.Repository, "v1.0", FakeHub.Commit, "apache-2.0"), (pin.Repository, pin.Revision, pin.Commit, pin.License));
        HubFile weights = pin.Files.Single(f => f.Path == PullingHub.Weights);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(_pull.Files[PullingHub.Weights])), weights.Sha256);
        Assert.Equal(40, pin.Files.Single(f => f.Path == "config.json").BlobSha1!.Length);
        Assert.Equal(pin.Files.Sum(f => f.Size), pulled.Downloaded);
        Assert.All(_pull.Hub.Requests.Where(r => r.Path.Contains("/resolve/", StringComparison.Ordinal)), r => Assert.Contains($"/resolve/{FakeHub.Commit}/", r.Path, StringComparison.Ordinal));
        Assert.Contains(_pull.Store.Configurations(Provider.Cpu), c => c.Id == "small-int4" && c.SourceFolder == pulled.Folder);
    }

    [Fact]
    public async Task Progress_ends_complete_and_never_shrinks_in_an_orderly_pull()
    {
        await _pull.PullAsync();
        PullProgress[] reports = [.. _pull.Reports];
        Assert.Equal(PullStage.Done, reports[^1].Stage);
        Assert.Equal(reports[^1].Size, reports[^1].Bytes);
        Assert.All(reports[^1].Files, f => Assert.True(f.Done && f.Bytes == f.Size));
        Assert.Equal([.. reports.Select(r => r.Bytes).Order()], reports.Select(r => r.Bytes));
        Assert.Equal([PullStage.Resolving, PullStage.Checking, PullStage.Downloading, PullStage.Finishing, PullStage.Done], reports.Select(r => r.Stage).Distinct());
    }

    [Fact]
    public async Task A_second_pull_verifies_and_fetches_only_what_no_longer_fits()
    {
        await _pull.PullAsync();
        _pull.Hub.Requests.Clear();
        Assert.Equal(0, (await _pull.PullAsync()).Downloaded);
        Assert.DoesNotContain(_pull.Hub.Requests, r => r.Path.Contains("/resolve/", StringComparison.Ordinal));

        File.AppendAllText(Path.Combine(_pull.Target(), "tokenizer.json"), "x");
        Assert.Equal(_pull.Files["tokenizer.json"].Length, (await _pull.PullAsync()).Downloaded);
        _pull.AssertPulled();
        Assert.Single(_pull.Hub.Requests, r => r.Path.Contains("/resolve/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_revision_the_pinned_commit_is_asked_for_and_another_one_is_a_conflict()
    {
        await _pull.PullAsync();
        _pull.Hub.Requests.Clear();
        await _pull.PullAsync();
        Assert.Contains(_pull.Hub.Requests, r => r.Path.EndsWith("/revision/" + FakeHub.Commit, StringComparison.Ordinal));
        _pull.Hub.CommitNow = new string('b', 40);
        HubException e = await _pull.FailAsync(HubFailure.Conflict, "main");
        Assert.Contains("greentune models remove small", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_hash_under_a_pinned_commit_is_refused()
    {
        await _pull.PullAsync();
        _pull.Files["tokenizer.json"] = "{ }"u8.ToArray();
        Assert.Contains("tokenizer.json", (await _pull.FailAsync(HubFailure.Refused)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_is_taken_by_another_repository_or_by_an_embedded_model_is_a_conflict()
    {
        await _pull.PullAsync();
        _pull.Hub.Repositories["maker/other"] = _pull.Files;
        Assert.Contains("--name small-2", (await _pull.FailAsync(HubFailure.Conflict, repository: "maker/other")).Message, StringComparison.Ordinal);
        Assert.Contains("ships with GreenTune", (await _pull.FailAsync(HubFailure.Conflict, name: "greentune-nano")).Message, StringComparison.Ordinal);
        await _pull.FailAsync(HubFailure.Refused, name: "../out");
    }

    [Fact]
    public async Task A_disk_without_room_is_said_before_anything_is_fetched()
    {
        _pull.FreeBytes = _pull.Files[PullingHub.Weights].Length;
        HubException e = await _pull.FailAsync(HubFailure.Disk);
        Assert.Contains("--cache or GREENTUNE_CACHE", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_pull.Hub.Requests, r => r.Path.Contains("/resolve/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stopped_pull_leaves_no_checkpoint_and_is_gone_on_from()
    {
        byte[] weights = _pull.Files[PullingHub.Weights];
        using var stop = new CancellationTokenSource();
        _pull.Misbehave(PullingHub.Weights, (_, usual) => usual with { StallAfter = weights.Length / 2 });
        Task pulling = _pull.PullAsync(cancellation: stop.Token);
        await Eventually.TrueAsync(() => Task.FromResult(Directory.Exists(_pull.Unfinished) && File.Exists(PartPath) && new FileInfo(PartPath).Length == weights.Length / 2));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pulling);
        Assert.False(Directory.Exists(_pull.Target()));
        Assert.DoesNotContain(_pull.Store.Configurations(Provider.Cpu), c => c.Model.StartsWith("small", StringComparison.Ordinal));

        await _pull.PullAsync();
        _pull.AssertPulled();
        FakeRequest resumed = _pull.Hub.RequestsOf(PullingHub.Weights).Last();
        Assert.Equal(weights.Length / 2, resumed.From);
        Assert.NotNull(resumed.Header("If-Range"));
    }

    [Fact]
    public async Task What_another_commit_left_is_not_gone_on_from()
    {
        Directory.CreateDirectory(_pull.Unfinished);
        File.WriteAllBytes(PartPath, _pull.Files[PullingHub.Weights][..100]);
        await _pull.PullAsync();
        _pull.AssertPulled();
        Assert.Equal(0, Assert.Single(_pull.Hub.RequestsOf(PullingHub.Weights)).From);
    }

    [Fact]
    public async Task Two_pulls_of_one_name_fetch_it_once()
    {
        await Task.WhenAll(_pull.PullAsync(), _pull.PullAsync());
        _pull.AssertPulled();
        Assert.Single(_pull.Hub.RequestsOf(PullingHub.Weights));
    }

    [Fact]
    public async Task A_repository_with_several_GGUF_files_asks_which()
    {
        _pull.Hub.Repositories[PullingHub.Repository] = new() { ["a-q4.gguf"] = [1, 2], ["b-q8.gguf"] = [3], ["LICENSE"] = [4] };
        Assert.Contains("--file a-q4.gguf", (await _pull.FailAsync(HubFailure.Refused)).Message, StringComparison.Ordinal);
        PulledCheckpoint pulled = await _pull.PullAsync(files: ["b-q8.gguf"]);
        Assert.Equal([3], File.ReadAllBytes(Path.Combine(pulled.Folder, "b-q8.gguf")));
    }

    [Fact]
    public async Task A_repository_without_weights_is_refused() =>
        Assert.Contains("no weights in safetensors", await WithoutWeights(), StringComparison.Ordinal);

    private string PartPath => Path.Combine(_pull.Unfinished, PullingHub.Weights + ".part");

    private async Task<string> WithoutWeights()
    {
        _pull.Files.Remove(PullingHub.Weights);
        return (await _pull.FailAsync(HubFailure.Refused)).Message;
    }
}
