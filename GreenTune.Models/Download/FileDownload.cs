using System.Buffers;
using System.Net;
using System.Net.Http.Headers;

namespace GreenTune.Models.Download;

/// <summary>
/// One file on its way: into "name.part", whose bytes survive a kill and are gone on from, with the server's tag of them in "name.part.etag". The hash
/// runs along. Only a file of the listed size and hash gets its name.
/// </summary>
internal sealed class FileDownload(HubHttp http, Uri address, HubFile file, string repository, string folder, DownloadOptions options, TimeProvider clock, PullMeter.FileMeter meter)
{
    public const string PartEnding = ".part";
    public const string TagEnding = ".part.etag";
    private const int BufferBytes = 1 << 17;

    private readonly HubSubject _what = new(repository, file.Path);
    private readonly string _target = FolderPaths.Inside(folder, file.Path);

    private string Part { get; } = FolderPaths.Inside(folder, file.Path + PartEnding);

    private string TagFile { get; } = FolderPaths.Inside(folder, file.Path + TagEnding);

    /// <exception cref="HubException">It cannot be had, or is not what the hub lists.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_target)!);
        var retry = new Retry(options, clock);
        for (bool again = false; ; again = true)
        {
            string? wrong = await retry.RunAsync(AttemptAsync, meter.Note, cancellationToken);
            if (wrong is null)
            {
                File.Move(Part, _target, overwrite: true);
                File.Delete(TagFile);
                meter.Complete();
                return;
            }
            Forget();
            if (again)
                throw new HubException(HubFailure.Refused, $"{_what} came twice with a hash that is not the one the hub lists: {wrong} in place of {file.Sha256 ?? file.BlobSha1}");
            meter.Note($"{_what} came with a wrong hash; it is fetched anew");
        }
    }

    /// <summary>Fetches what is missing. Null where the whole has the right hash, else the hash it has.</summary>
    private async Task<string?> AttemptAsync(Action<long> brought, CancellationToken cancellationToken)
    {
        using var hash = new ContentHash(file);
        await using FileStream part = OpenPart();
        if (part.Length > file.Size)
            part.SetLength(0);
        await HashExistingAsync(part, hash, cancellationToken);
        if (part.Length < file.Size)
            await FetchAsync(part, hash, brought, cancellationToken);
        return hash.Fits(out string actual) ? null : actual;
    }

    private async Task FetchAsync(FileStream part, ContentHash hash, Action<long> brought, CancellationToken cancellationToken)
    {
        long offset = part.Length;
        EntityTagHeaderValue? tag = offset > 0 ? ReadTag() : null;
        using var watch = new StallWatch(options.StallAfter, clock, cancellationToken);
        try
        {
            // A weak tag does not promise equal bytes and may not be sent: the hash at the end decides then.
            using HttpResponseMessage response = await http.GetAsync(address, _what, offset, tag is { IsWeak: false } ? tag : null, watch.Token);
            watch.Arrived();
            offset = CheckStart(response, part, hash, offset, tag);
            if (response.Content.Headers.ContentEncoding.Any(e => e != "identity"))
                throw new PassingFaultException($"{_what}: the content comes compressed ({string.Join(", ", response.Content.Headers.ContentEncoding)}), which was not asked for");
            if (response.Content.Headers.ContentLength is { } length && length != file.Size - offset)
                throw new PassingFaultException($"{_what}: {length} bytes are announced where {file.Size - offset} are missing");
            WriteTag(response.Headers.ETag);
            await CopyAsync(response, part, hash, brought, watch);
        }
        catch (OperationCanceledException) when (watch.Stalled)
        {
            throw watch.Fault(_what);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new PassingFaultException($"{_what}: {HubHttp.Reason(address, e)}", innerException: e);
        }
    }

    /// <summary>Where the body begins: at the end of what is there, or at 0 where all of it is sent.</summary>
    private long CheckStart(HttpResponseMessage response, FileStream part, ContentHash hash, long offset, EntityTagHeaderValue? tag)
    {
        if (offset == 0)
        {
            return response.StatusCode == HttpStatusCode.OK
                ? 0
                : throw new PassingFaultException($"{_what}: {(int)response.StatusCode} was answered to a request for all of it");
        }
        if (response.StatusCode == HttpStatusCode.OK)
        {
            // What is there is of another version, or the server knows no ranges.
            Restart(part, hash);
            return 0;
        }
        ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
        bool fits = response.StatusCode == HttpStatusCode.PartialContent && range is { Unit: "bytes" } && range.From == offset && (range.Length ?? file.Size) == file.Size;
        bool same = tag is null || response.Headers.ETag is null || tag.Tag == response.Headers.ETag.Tag;
        if (fits && same)
            return offset;
        Restart(part, hash);
        throw new PassingFaultException(fits
            ? $"{_what} changed at the server while it was fetched; it begins anew"
            : $"{_what}: the rest from byte {offset} on cannot be had ({(int)response.StatusCode}, {range?.ToString() ?? "no range"}); it begins anew");
    }

    private async Task CopyAsync(HttpResponseMessage response, FileStream part, ContentHash hash, Action<long> brought, StallWatch watch)
    {
        await using Stream stream = await response.Content.ReadAsStreamAsync(watch.Token);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (int count; (count = await stream.ReadAsync(buffer.AsMemory(0, BufferBytes), watch.Token)) > 0;)
            {
                watch.Arrived();
                if (part.Length + count > file.Size)
                {
                    Restart(part, hash);
                    throw new PassingFaultException($"{_what}: more than its {file.Size} bytes are sent");
                }
                Write(part, buffer.AsSpan(0, count));
                hash.Append(buffer.AsSpan(0, count));
                brought(count);
                meter.Received(count);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        if (part.Length < file.Size)
            throw new PassingFaultException($"{_what}: the content ended after {part.Length} of {file.Size} bytes");
    }

    private FileStream OpenPart()
    {
        try
        {
            return new FileStream(Part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(e);
        }
    }

    private async Task HashExistingAsync(FileStream part, ContentHash hash, CancellationToken cancellationToken)
    {
        var buffer = new byte[part.Length == 0 ? 0 : 1 << 20];
        part.Position = 0;
        for (int count; buffer.Length > 0 && (count = await part.ReadAsync(buffer, cancellationToken)) > 0;)
            hash.Append(buffer.AsSpan(0, count));
        meter.Has(part.Length);
    }

    private void Write(FileStream part, ReadOnlySpan<byte> bytes)
    {
        try
        {
            part.Write(bytes);
        }
        catch (IOException e)
        {
            throw CannotWrite(e);
        }
    }

    private void Restart(FileStream part, ContentHash hash)
    {
        part.SetLength(0);
        hash.Restart();
        meter.Has(0);
    }

    private void Forget()
    {
        File.Delete(Part);
        File.Delete(TagFile);
        meter.Has(0);
    }

    private EntityTagHeaderValue? ReadTag()
    {
        try
        {
            return EntityTagHeaderValue.TryParse(File.ReadAllText(TagFile), out EntityTagHeaderValue? tag) ? tag : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private void WriteTag(EntityTagHeaderValue? tag)
    {
        if (tag is null)
            File.Delete(TagFile);
        else
            File.WriteAllText(TagFile, tag.ToString());
    }

    private HubException CannotWrite(Exception e) => new(HubFailure.Disk, $"{_what} cannot be written to {_target}: {e.Message}", e);
}
