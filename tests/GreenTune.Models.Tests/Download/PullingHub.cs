using System.Collections.Concurrent;
using GreenTune.Models.Download;
using GreenTune.Models.Store;
using GreenTune.Models.Tests.Support;
using GreenTune.Tests;

namespace GreenTune.Models.Tests.Download;

/// <summary>A fake hub with one small model, and a store to pull it into.</summary>
internal sealed class PullingHub : IAsyncDisposable
{
    public const string Repository = "maker/small-model";
    public const string Weights = "model.safetensors";

    /// <summary>No other timer of a pull is as long.</summary>
    private static readonly TimeSpan StallAfter = TimeSpan.FromDays(1);

    public PullingHub()
    {
        new TinyCheckpoint().Save(Folder["source"]);
        Files["config.json"] = File.ReadAllBytes(Path.Combine(Folder["source"], "config.json"));
        Files[Weights] = File.ReadAllBytes(Path.Combine(Folder["source"], Weights));
        Files["tokenizer.json"] = "{}"u8.ToArray();
        Files["LICENSE"] = "Do as you like.\n"u8.ToArray();
        Files["README.md"] = "# Small model\n"u8.ToArray();
        Files["original/consolidated.00.pth"] = [1, 2, 3];
        Hub.Repositories[Repository] = Files;
        Store = ModelStore.Open(new ModelStoreOptions { SourceFolder = Support.Repository.Models, CacheFolder = Folder["cache"] });
    }

    public TemporaryFolder Folder { get; } = new();

    public FakeHub Hub { get; } = new();

    public SkippingClock Clock { get; } = new(StallAfter);

    public Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    public ModelStore Store { get; }

    public ConcurrentQueue<PullProgress> Reports { get; } = [];

    public IEnumerable<string> Notes => Reports.Select(r => r.Note).OfType<string>();

    public long FreeBytes { get; set; } = long.MaxValue / 2;

    public string Target(string name = "small") => Path.Combine(Store.CheckpointsFolder, name);

    public string Unfinished => Target() + ".unfinished";

    public DownloadOptions Options { get; set; } = new() { StallAfter = StallAfter, Attempts = 4, SpareBytes = 1000 };

    /// <summary>Another hub's settings in place of this one's.</summary>
    public HubOptions? HubOptions { get; set; }

    public Func<HubOptions, HubHttp>? Http { get; set; }

    public async Task<PulledCheckpoint> PullAsync(string? revision = null, string name = "small", IReadOnlyList<string>? files = null, string repository = Repository, CancellationToken cancellation = default)
    {
        HubOptions hub = HubOptions ?? new HubOptions { Endpoint = Hub.Address };
        using var puller = new ModelPuller(Http?.Invoke(hub) ?? new HubHttp(hub, Clock), Options, Clock, _ => FreeBytes);
        return await puller.PullAsync(new PullRequest { Repository = repository, Revision = revision, Name = name, Files = files }, Store, new Queue(Reports), cancellation);
    }

    /// <summary>Pulls where it cannot succeed.</summary>
    public async Task<HubException> FailAsync(HubFailure failure, string? revision = null, string name = "small", IReadOnlyList<string>? files = null, string repository = Repository)
    {
        HubException e = await Assert.ThrowsAsync<HubException>(() => PullAsync(revision, name, files, repository: repository));
        Assert.True(failure == e.Failure, $"{e.Failure}: {e.Message}");
        return e;
    }

    /// <summary>Misbehaves on the content of one file, the first <paramref name="times"/> times.</summary>
    public void Misbehave(string file, Func<FakeRequest, FakeReply, FakeReply> how, int times = 1)
    {
        int left = times;
        Hub.Misbehave = (request, usual) => request.Path.EndsWith("/" + file, StringComparison.Ordinal) && Interlocked.Decrement(ref left) >= 0 ? how(request, usual) : null;
    }

    public void AssertPulled()
    {
        foreach (string file in (ReadOnlySpan<string>)["config.json", Weights, "tokenizer.json", "LICENSE"])
            Assert.Equal(Files[file], File.ReadAllBytes(Path.Combine(Target(), file)));
        Assert.Equal(["LICENSE", "config.json", "greentune-source.json", "model.safetensors", "tokenizer.json"],
            Directory.EnumerateFileSystemEntries(Target()).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        Assert.False(Directory.Exists(Unfinished));
    }

    public async ValueTask DisposeAsync()
    {
        await Hub.DisposeAsync();
        Folder.Dispose();
    }

    private sealed class Queue(ConcurrentQueue<PullProgress> reports) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => reports.Enqueue(value);
    }
}
