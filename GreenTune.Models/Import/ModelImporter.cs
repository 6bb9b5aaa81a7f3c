using System.Buffers;
using System.Globalization;
using GreenTune.Models.Building;
using GreenTune.Models.Download;
using GreenTune.Models.Store;

namespace GreenTune.Models.Import;

/// <summary>
/// Takes models that are on this machine into the cache: checked where they are, copied or moved under another name, and put in place when complete.
/// </summary>
public sealed class ModelImporter
{
    private const string GenAIConfigFile = "genai_config.json";
    private const long SpareBytes = 64L << 20;

    private readonly ModelStore _store;
    private readonly TimeProvider _clock;
    private readonly Func<string, long> _freeBytes;

    public ModelImporter(ModelStore store, TimeProvider? clock = null)
        : this(store, clock ?? TimeProvider.System, folder => new DriveInfo(folder).AvailableFreeSpace)
    {
    }

    internal ModelImporter(ModelStore store, TimeProvider clock, Func<string, long> freeBytes) => (_store, _clock, _freeBytes) = (store, clock, freeBytes);

    /// <exception cref="ImportException">There is no model at the path, the name is taken, or the disk has no room.</exception>
    /// <exception cref="ModelFolderException">The model cannot be used; nothing was copied or moved.</exception>
    public async Task<ImportedModel> ImportAsync(ImportRequest request, IProgress<ImportProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(request.Path));
        (ImportKind kind, string source) = Kind(path);
        string name = Name(request.Name, path, kind);
        var place = new BuildPlace(Path.Combine(kind == ImportKind.ModelFolder ? _store.ForeignFolder : _store.CheckpointsFolder, name));
        using IDisposable held = place.TryLock() ?? throw new ImportException($"{name} is being pulled or imported by another process; wait for it, or choose another name, for example --name {name}-2");
        return await Task.Run(() => Import(request, place, kind, path, source, name, progress, cancellationToken), cancellationToken);
    }

    private ImportedModel Import(ImportRequest request, BuildPlace place, ImportKind kind, string path, string source, string name, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> files = Files(source, path, kind);
        if (kind != ImportKind.Gguf)
            ImportChecks.Collect(source, kind);
        long size = files.Sum(f => new FileInfo(FolderPaths.Inside(source, f)).Length);
        CheckSpace(request, place, name, size);
        place.RemoveLeftovers();
        string temporary = place.NewTemporary();
        var carried = new List<string>();
        try
        {
            Carry(request.Move, source, temporary, files, carried, size, progress, cancellationToken);
            IReadOnlyList<ImportFinding> findings = ImportChecks.Collect(temporary, kind);
            cancellationToken.ThrowIfCancellationRequested();
            place.Publish(temporary);
            if (request.Move)
                RemoveEmptied(source, kind);
            return new ImportedModel(kind, name, place.Target, size, findings);
        }
        catch (Exception e)
        {
            if (request.Move)
                PutBack(source, temporary, carried);
            BuildPlace.Remove(temporary);
            if (e is IOException or UnauthorizedAccessException)
                throw new ImportException($"{name} could not be written to {place.Target}: {e.Message}", e);
            throw;
        }
    }

    private static (ImportKind Kind, string Source) Kind(string path)
    {
        if (File.Exists(path))
        {
            return path.EndsWith(CheckpointKinds.GgufEnding, StringComparison.OrdinalIgnoreCase)
                ? (ImportKind.Gguf, Path.GetDirectoryName(path)!)
                : throw new ImportException($"{path} is no {CheckpointKinds.GgufEnding} file; a Hugging Face folder, a {CheckpointKinds.GgufEnding} file or a folder with {GenAIConfigFile} is expected");
        }
        if (!Directory.Exists(path))
            throw new ImportException($"{path} does not exist; a Hugging Face folder, a {CheckpointKinds.GgufEnding} file or a folder with {GenAIConfigFile} is expected");
        if (File.Exists(Path.Combine(path, GenAIConfigFile)))
            return (ImportKind.ModelFolder, path);
        return CheckpointKinds.Of(path) switch
        {
            CheckpointKind.Safetensors => (ImportKind.Checkpoint, path),
            CheckpointKind.Gguf => (ImportKind.Gguf, path),
            _ => throw new ImportException($"{path} holds no model: neither config.json with safetensors files, nor one {CheckpointKinds.GgufEnding} file, nor {GenAIConfigFile}"),
        };
    }

    private string Name(string? asked, string path, ImportKind kind)
    {
        string name = asked ?? (kind == ImportKind.Gguf && File.Exists(path) ? Path.GetFileNameWithoutExtension(path) : Path.GetFileName(path));
        if (!CheckpointNames.IsName(name))
            throw new ImportException($"'{name}' is no name of a model: {CheckpointNames.Expected}; give one with --name");
        return _store.WhoHasName(name) is { } who
            ? throw new ImportException($"{name} is the name of {who}; choose another, for example --name {name}-2")
            : name;
    }

    /// <summary>Files to take, inside the source. A link among them that leads out is refused, and so is a file in a folder that does.</summary>
    private static string[] Files(string source, string path, ImportKind kind)
    {
        IEnumerable<string> files = kind switch
        {
            ImportKind.Gguf => [Path.GetFileName(File.Exists(path) ? path : CheckpointKinds.GgufFile(path)!), .. Beside(source, path)],
            ImportKind.Checkpoint => Directory.EnumerateFiles(source).Select(f => Path.GetFileName(f)!).Where(f => f == SourcePin.FileName || FilePatterns.Checkpoint.Any(p => FilePatterns.Matches(p, f))),
            _ => Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(source, f)).Where(f => !f.Split(Path.DirectorySeparatorChar).Any(part => part.StartsWith('.'))),
        };
        string[] all = [.. files.Order(StringComparer.Ordinal)];
        foreach (string file in all)
        {
            if (!HubFile.IsSafePath(file.Replace('\\', '/')))
                throw new ImportException($"the file '{file}' of {source} has a name that cannot be written everywhere; rename it");
            FolderPaths.Inside(source, file);
        }
        return all;
    }

    /// <summary>A licence beside a GGUF file that has a folder of its own.</summary>
    private static IEnumerable<string> Beside(string source, string path) =>
        File.Exists(path) ? [] : Directory.EnumerateFiles(source, "LICENSE*").Select(f => Path.GetFileName(f)!);

    private void CheckSpace(ImportRequest request, BuildPlace place, string name, long size)
    {
        string parent = Path.GetDirectoryName(place.Target)!;
        if (request.Move && Path.GetPathRoot(parent) == Path.GetPathRoot(Path.GetFullPath(request.Path)))
            return;
        long free = _freeBytes(parent);
        if (free < size + SpareBytes)
        {
            throw new ImportException(string.Create(CultureInfo.InvariantCulture,
                $"{name} needs {size >> 20} MB of disk and {free >> 20} MB are free; free some, move it with --move, or choose another cache folder with --cache or GREENTUNE_CACHE"));
        }
    }

    private static void Carry(bool move, string source, string target, IReadOnlyList<string> files, List<string> carried, long size, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        long done = 0;
        foreach (string file in files)
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Report(new ImportProgress(file, done, size));
            string from = FolderPaths.Inside(source, file);
            string to = Path.Combine(target, file);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            if (move)
            {
                done += new FileInfo(from).Length;
                File.Move(from, to);
                carried.Add(file);
            }
            else
            {
                Copy(from, to, count => progress?.Report(new ImportProgress(file, done += count, size)), cancellationToken);
            }
        }
        progress?.Report(new ImportProgress(files[^1], size, size));
    }

    private static void Copy(string from, string to, Action<int> copied, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 20);
        try
        {
            using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
            using var target = new FileStream(to, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0);
            for (int count; (count = source.Read(buffer)) > 0;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                target.Write(buffer, 0, count);
                copied(count);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void PutBack(string source, string temporary, List<string> carried)
    {
        foreach (string file in carried.Where(f => File.Exists(Path.Combine(temporary, f))))
            File.Move(Path.Combine(temporary, file), Path.Combine(source, file));
    }

    /// <summary>A folder that was moved goes where nothing is left in it; other files that it had stay.</summary>
    private static void RemoveEmptied(string source, ImportKind kind)
    {
        if (kind != ImportKind.Gguf && !Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories).Any())
            BuildPlace.Remove(source);
    }
}
