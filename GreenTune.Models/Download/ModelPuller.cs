using System.Globalization;
using GreenTune.Models.Building;
using GreenTune.Models.Store;

namespace GreenTune.Models.Download;

/// <summary>What to pull, and under which name.</summary>
public sealed record PullRequest
{
    /// <summary>For example "HuggingFaceTB/SmolLM2-135M-Instruct".</summary>
    public required string Repository { get; init; }

    /// <summary>Branch, tag or commit; null takes the commit that the folder is pinned to, else the branch main.</summary>
    public string? Revision { get; init; }

    /// <summary>Name of the checkpoint here; see <see cref="CheckpointNames"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Files to take, * for any characters; null takes what a checkpoint needs, or the only GGUF file.</summary>
    public IReadOnlyList<string>? Files { get; init; }

    /// <summary>The licence's SPDX identifier where the catalog knows it.</summary>
    public string? License { get; init; }
}

/// <summary>A checkpoint that was pulled.</summary>
/// <param name="Folder">Full path.</param>
/// <param name="Pin">Where it is from.</param>
/// <param name="Downloaded">Bytes that came over the network; 0 where everything was there already and fits.</param>
public sealed record PulledCheckpoint(string Folder, SourcePin Pin, long Downloaded);

/// <summary>
/// Pulls checkpoints from a hub into the folder of checkpoints. Files arrive in a folder of another name beside the place, which a later pull of the same
/// commit goes on from, and are moved when all are complete. Of several processes that pull one name, one does and the others wait. Safe for concurrent use.
/// </summary>
public sealed class ModelPuller : IDisposable
{
    private readonly HubHttp _http;
    private readonly DownloadOptions _options;
    private readonly TimeProvider _clock;
    private readonly Func<string, long> _freeBytes;

    public ModelPuller(HubOptions hub, DownloadOptions? options = null, TimeProvider? clock = null)
        : this(new HubHttp(hub, clock ?? TimeProvider.System), options ?? new DownloadOptions(), clock ?? TimeProvider.System, FreeBytes)
    {
    }

    internal ModelPuller(HubHttp http, DownloadOptions options, TimeProvider clock, Func<string, long> freeBytes) =>
        (_http, _options, _clock, _freeBytes) = (http, options, clock, freeBytes);

    public void Dispose() => _http.Dispose();

    /// <param name="request">What to pull.</param>
    /// <param name="store">Where checkpoints are.</param>
    /// <param name="progress">Told a few times a second, in order, from several threads.</param>
    /// <param name="cancellationToken">Stops the pull; what arrived stays for the next one.</param>
    /// <exception cref="HubException">It cannot be pulled.</exception>
    /// <exception cref="ModelFolderException">The cache cannot be written.</exception>
    public async Task<PulledCheckpoint> PullAsync(PullRequest request, ModelStore store, IProgress<PullProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        CheckRequest(request, store);
        var meter = new PullMeter(progress, _clock);
        var place = new BuildPlace(Path.Combine(store.CheckpointsFolder, request.Name));
        using IDisposable held = await place.LockAsync(() => meter.Enter(PullStage.Waiting), _clock, cancellationToken);
        try
        {
            return await PullLockedAsync(request, place, meter, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HubException(HubFailure.Disk, $"{request.Name} cannot be written to {place.Target}: {e.Message}", e);
        }
    }

    private static void CheckRequest(PullRequest request, ModelStore store)
    {
        if (!HubRepository.IsName(request.Repository) || (request.Revision is { } revision && !HubRepository.IsRevision(revision)))
            throw new HubException(HubFailure.Refused, $"'{request.Repository}{(request.Revision is null ? "" : "@" + request.Revision)}' is no repository; {HubRepository.Expected}, is expected");
        if (!CheckpointNames.IsName(request.Name))
            throw new HubException(HubFailure.Refused, $"'{request.Name}' is no name of a model; {CheckpointNames.Expected}");
        if (store.IsEmbedded(request.Name))
            throw new HubException(HubFailure.Conflict, $"{request.Name} is the name of a model that ships with GreenTune; choose another, for example --name {request.Name}-2");
        if (request.Files?.FirstOrDefault(p => !FilePatterns.IsPattern(p)) is { } bad)
            throw new HubException(HubFailure.Refused, $"'{bad}' names no file of a repository; for example model-*.safetensors is expected");
    }

    private async Task<PulledCheckpoint> PullLockedAsync(PullRequest request, BuildPlace place, PullMeter meter, CancellationToken cancellationToken)
    {
        meter.Enter(PullStage.Resolving);
        SourcePin? there = Directory.Exists(place.Target) ? Pinned(request, place.Target) : null;
        string revision = request.Revision ?? there?.Commit ?? HubRepository.DefaultRevision;
        HubListing listing = await new HubClient(_http, _options, _clock).ListAsync(request.Repository, revision, meter.Note, cancellationToken);
        if (there is not null && there.Commit != listing.Commit)
        {
            throw new HubException(HubFailure.Conflict,
                $"{request.Name} is there at commit {there.Commit[..12]}, and {revision} of {request.Repository} is {listing.Commit[..12]}; remove it first (greentune models remove {request.Name}), or pull under another name with --name");
        }
        IReadOnlyList<HubFile> files = FilePatterns.Choose(listing, request.Files ?? there?.Patterns);
        CheckPinned(there, files, request);
        SourcePin pin = there ?? new SourcePin
        {
            Endpoint = _http.Endpoint.AbsoluteUri,
            Repository = request.Repository,
            Revision = revision,
            Commit = listing.Commit,
            License = request.License ?? listing.License,
            Patterns = request.Files ?? (files.Count == 1 || files.Any(f => f.Path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)) ? [.. files.Select(f => f.Path)] : FilePatterns.Checkpoint),
            PulledAt = _clock.GetUtcNow(),
            Files = files,
        };
        string folder = there is null ? Unfinished(place, pin) : place.Target;
        long downloaded = await FetchAsync(pin, folder, meter, cancellationToken);
        meter.Enter(PullStage.Finishing);
        if (there is null)
        {
            CheckpointKinds.Require(folder);
            place.Publish(folder);
        }
        meter.Enter(PullStage.Done);
        return new PulledCheckpoint(place.Target, pin, downloaded);
    }

    /// <summary>The pin of what is there already.</summary>
    private static SourcePin Pinned(PullRequest request, string folder)
    {
        SourcePin? pin = SourcePin.Read(folder);
        return pin is not null && string.Equals(pin.Repository, request.Repository, StringComparison.OrdinalIgnoreCase)
            ? pin
            : throw new HubException(HubFailure.Conflict,
                $"{request.Name} is there already, {(pin is null ? "imported from elsewhere" : $"from {pin.Repository}")}; choose another name, for example --name {request.Name}-2, or remove it first (greentune models remove {request.Name})");
    }

    /// <summary>A commit never changes: other sizes or hashes under the same one mean a hub that cannot be trusted.</summary>
    private static void CheckPinned(SourcePin? there, IReadOnlyList<HubFile> files, PullRequest request)
    {
        if (there is null)
            return;
        foreach (HubFile pinned in there.Files)
        {
            HubFile? now = files.FirstOrDefault(f => f.Path == pinned.Path);
            if (now is null && request.Files is not null)
                continue;
            if (now != pinned)
                throw new HubException(HubFailure.Refused, $"{pinned.Path} of {there.Repository} at {there.Commit[..12]} is listed with another size or hash than it was pinned with; the hub's answer is not trusted");
        }
    }

    /// <summary>The folder that files arrive in: what an earlier pull of the same commit left, else an empty one.</summary>
    private static string Unfinished(BuildPlace place, SourcePin pin)
    {
        string folder = place.Target + CheckpointNames.UnfinishedEnding;
        SourcePin? before = null;
        try
        {
            before = SourcePin.Read(folder);
        }
        catch (ModelFolderException)
        {
            // Killed while it was written: nothing before it is worth keeping.
        }
        if (before is null || before.Commit != pin.Commit || before.Repository != pin.Repository || !before.Files.SequenceEqual(pin.Files))
            BuildPlace.Remove(folder);
        Directory.CreateDirectory(folder);
        pin.Write(folder);
        return folder;
    }

    /// <summary>Brings every file of the pin into the folder.</summary>
    /// <returns>Bytes that came over the network.</returns>
    private async Task<long> FetchAsync(SourcePin pin, string folder, PullMeter meter, CancellationToken cancellationToken)
    {
        IReadOnlyList<PullMeter.FileMeter> meters = meter.Plan(pin.Files);
        meter.Enter(PullStage.Checking);
        List<PullMeter.FileMeter> missing = await Task.Run(() => Missing(meters, folder, cancellationToken), cancellationToken);
        CheckSpace(pin, missing, folder);
        if (missing.Count == 0)
            return 0;
        long before = missing.Sum(m => PartBytes(m.File, folder));
        meter.Enter(PullStage.Downloading);
        var client = new HubClient(_http, _options, _clock);
        HubException? first = null;
        try
        {
            // The longest first, so that none is left alone at the end.
            await Parallel.ForEachAsync(missing.OrderByDescending(m => m.File.Size), new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, _options.Parallel), CancellationToken = cancellationToken }, async (file, cancellation) =>
            {
                try
                {
                    await new FileDownload(_http, client.FileAddress(pin.Repository, pin.Commit, file.File.Path), file.File, pin.Repository, folder, _options, _clock, file).RunAsync(cancellation);
                }
                catch (HubException e)
                {
                    Interlocked.CompareExchange(ref first, e, null);
                    throw;
                }
            });
        }
        catch (Exception) when (first is not null)
        {
            throw first;
        }
        return Math.Max(0, missing.Sum(m => m.File.Size) - before);
    }

    /// <summary>Files that are not there, or not what the hub lists.</summary>
    private static List<PullMeter.FileMeter> Missing(IReadOnlyList<PullMeter.FileMeter> meters, string folder, CancellationToken cancellationToken)
    {
        var missing = new List<PullMeter.FileMeter>();
        foreach (PullMeter.FileMeter file in meters)
        {
            long read = 0;
            if (ContentHash.FileFits(file.File, FolderPaths.Inside(folder, file.File.Path), count => file.Has(read += count), cancellationToken))
            {
                file.Complete();
                continue;
            }
            file.Has(0);
            missing.Add(file);
        }
        return missing;
    }

    private void CheckSpace(SourcePin pin, List<PullMeter.FileMeter> missing, string folder)
    {
        long needed = missing.Sum(m => m.File.Size - PartBytes(m.File, folder));
        if (needed <= 0)
            return;
        long free = _freeBytes(folder);
        if (free < needed + _options.SpareBytes)
        {
            throw new HubException(HubFailure.Disk, string.Create(CultureInfo.InvariantCulture,
                $"{pin.Repository} needs {needed >> 20} MB of disk and {_options.SpareBytes >> 20} MB to spare, and {free >> 20} MB are free; free some, or choose another cache folder with --cache or GREENTUNE_CACHE"));
        }
    }

    private static long PartBytes(HubFile file, string folder)
    {
        var part = new FileInfo(FolderPaths.Inside(folder, file.Path) + FileDownload.PartEnding);
        return part.Exists ? Math.Min(part.Length, file.Size) : 0;
    }

    private static long FreeBytes(string folder) => new DriveInfo(folder).AvailableFreeSpace;
}
