using System.Net;
using System.Text.Json;

namespace GreenTune.Models.Download;

/// <summary>A repository's state at one commit.</summary>
/// <param name="Repository">For example "org/name".</param>
/// <param name="Commit">The commit that the revision meant.</param>
/// <param name="Gated">Its licence has to be accepted at the hub; null where the hub does not say.</param>
/// <param name="License">What its card says; null where it says nothing.</param>
/// <param name="Files">Every file.</param>
internal sealed record HubListing(string Repository, string Commit, bool? Gated, string? License, IReadOnlyList<HubFile> Files);

/// <summary>What the hub's API tells about repositories, checked before anyone relies on it.</summary>
internal sealed class HubClient(HubHttp http, DownloadOptions options, TimeProvider clock)
{
    private const int MostAnswerBytes = 32 << 20;
    private const int MostPages = 100;
    private const int MostFiles = 20_000;

    /// <exception cref="HubException">There is no such repository or revision, it may not be read, or the hub's answer is none.</exception>
    public async Task<HubListing> ListAsync(string repository, string revision, Action<string>? waiting, CancellationToken cancellationToken)
    {
        var subject = new HubSubject(repository);
        (JsonElement model, _) = await GetAsync(Api(repository, $"revision/{Escape(revision)}"), subject, waiting, cancellationToken);
        string commit = Text(model, "sha") is { } sha && HubRepository.IsCommit(sha) ? sha : throw Foreign(subject, "names no commit");
        if (HubRepository.IsCommit(revision) && commit != revision)
            throw Foreign(subject, $"gives commit {commit} for {revision}");
        string? license = model.TryGetProperty("cardData", out JsonElement card) && card.ValueKind == JsonValueKind.Object ? Text(card, "license_name") ?? Text(card, "license") : null;
        bool? gated = !model.TryGetProperty("gated", out JsonElement gate) ? null : gate.ValueKind switch
        {
            JsonValueKind.False => false,
            JsonValueKind.True or JsonValueKind.String => true,
            _ => null,
        };

        var files = new List<HubFile>();
        Uri? page = Api(repository, $"tree/{commit}?recursive=true");
        for (int pages = 0; page is not null; pages++)
        {
            if (pages == MostPages || files.Count > MostFiles)
                throw Foreign(subject, "lists more files than a model has");
            (JsonElement entries, Uri? next) = await GetAsync(page, subject, waiting, cancellationToken);
            if (entries.ValueKind != JsonValueKind.Array)
                throw Foreign(subject, "lists no files");
            files.AddRange(entries.EnumerateArray().Where(e => Text(e, "type") == "file").Select(e => ReadFile(e, subject)));
            page = next;
        }
        if (files.GroupBy(f => f.Path, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw Foreign(subject, $"lists {twice.Key} twice");
        return new HubListing(repository, commit, gated, license is { Length: <= 100 } ? license : null, files);
    }

    /// <summary>Where a file's content is.</summary>
    public Uri FileAddress(string repository, string commit, string path) =>
        new(http.Endpoint, $"{repository}/resolve/{commit}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}");

    private static HubFile ReadFile(JsonElement entry, HubSubject subject)
    {
        string path = Text(entry, "path") is { } said && HubFile.IsSafePath(said)
            ? said
            : throw Foreign(subject, $"lists a file '{Text(entry, "path")}', whose name would lead out of the folder or cannot be written everywhere");
        bool large = entry.TryGetProperty("lfs", out JsonElement lfs) && lfs.ValueKind == JsonValueKind.Object;
        long size = (large ? Number(lfs, "size") : null) ?? Number(entry, "size") ?? throw Foreign(subject, $"gives no size for {path}");
        string? sha256 = large ? (Text(lfs, "oid") ?? Text(lfs, "sha256")) : null;
        if (sha256?.StartsWith("sha256:", StringComparison.Ordinal) == true)
            sha256 = sha256["sha256:".Length..];
        string? sha1 = large ? null : Text(entry, "oid");
        return (large ? IsHash(sha256, 64) : IsHash(sha1, 40))
            ? new HubFile(path, size, sha256?.ToLowerInvariant(), sha1?.ToLowerInvariant())
            : throw Foreign(subject, $"gives no hash for {path}");
    }

    private Task<(JsonElement Body, Uri? Next)> GetAsync(Uri address, HubSubject subject, Action<string>? waiting, CancellationToken cancellationToken) =>
        new Retry(options, clock).RunAsync(async (_, cancellation) =>
        {
            using var watch = new StallWatch(options.StallAfter, clock, cancellation);
            try
            {
                using HttpResponseMessage response = await http.GetAsync(address, subject, 0, null, watch.Token);
                if (response.StatusCode != HttpStatusCode.OK)
                    throw new PassingFaultException($"{subject}: {address.Host} answered {(int)response.StatusCode}");
                byte[] body = await ReadAsync(response, subject, watch);
                using JsonDocument document = JsonDocument.Parse(body);
                return (document.RootElement.Clone(), NextPage(response, address, subject));
            }
            catch (OperationCanceledException) when (watch.Stalled)
            {
                throw watch.Fault(subject);
            }
            catch (Exception e) when (e is IOException or HttpRequestException or JsonException)
            {
                throw new PassingFaultException($"{subject}: the answer of {address.Host} cannot be read: {e.Message}", innerException: e);
            }
        }, waiting, cancellationToken);

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, HubSubject subject, StallWatch watch)
    {
        await using Stream stream = await response.Content.ReadAsStreamAsync(watch.Token);
        using var body = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int count; (count = await stream.ReadAsync(buffer, watch.Token)) > 0;)
        {
            watch.Arrived();
            body.Write(buffer, 0, count);
            if (body.Length > MostAnswerBytes)
                throw Foreign(subject, $"sends more than {MostAnswerBytes >> 20} MB of listing");
        }
        return body.ToArray();
    }

    /// <summary>The page that the header Link names: <c>&lt;address&gt;; rel="next"</c>. It is followed at the hub alone, since the token goes with it.</summary>
    private Uri? NextPage(HttpResponseMessage response, Uri address, HubSubject subject)
    {
        if (!response.Headers.TryGetValues("Link", out IEnumerable<string>? links))
            return null;
        string? next = links.SelectMany(l => l.Split(',')).FirstOrDefault(l => l.Contains("rel=\"next\"", StringComparison.OrdinalIgnoreCase));
        if (next is null)
            return null;
        int start = next.IndexOf('<', StringComparison.Ordinal);
        int end = next.IndexOf('>', StringComparison.Ordinal);
        return start >= 0 && end > start && Uri.TryCreate(address, next[(start + 1)..end], out Uri? uri) && http.IsHub(uri)
            ? uri
            : throw Foreign(subject, "names a next page of its listing that is elsewhere");
    }

    private Uri Api(string repository, string rest) => new(http.Endpoint, $"api/models/{repository}/{rest}");

    /// <summary>Branches may have slashes, which the API takes escaped.</summary>
    private static string Escape(string revision) => Uri.EscapeDataString(revision);

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number is >= 0 and <= 1L << 50 ? number : null;

    private static bool IsHash(string? text, int length) => text?.Length == length && text.All(char.IsAsciiHexDigit);

    private static HubException Foreign(HubSubject subject, string what) => new(HubFailure.Refused, $"{subject}: the hub's answer {what}");
}
