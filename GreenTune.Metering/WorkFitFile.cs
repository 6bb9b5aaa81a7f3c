using System.Text.Json;
using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GreenTune.Metering;

/// <summary>
/// Remembers what a meter has learned of the configurations' work, so that a restart does not begin with time alone. A file that cannot be read or written is named once and
/// done without; one that holds something else is overwritten.
/// </summary>
/// <param name="path">The file; made when there is something to remember.</param>
/// <param name="logger">Where a failure is named.</param>
public sealed class WorkFitFile(string path, ILogger? logger = null)
{
    private readonly ILogger _logger = logger ?? NullLogger.Instance;
    private bool _failed;

    /// <summary>What was remembered; null when nothing was, or nothing that can be read.</summary>
    public WorkFitSnapshot? Load()
    {
        try
        {
            return File.Exists(path) && JsonSerializer.Deserialize<WorkFitSnapshot>(File.ReadAllText(path), ContractJson.Options) is { Fits: not null } snapshot ? snapshot : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException)
        {
            Fail(problem.Message);
            return null;
        }
    }

    /// <summary>Remembers a snapshot in place of the one before; one without any fit changes nothing.</summary>
    public void Save(WorkFitSnapshot? snapshot)
    {
        if (snapshot is not { Fits.Count: > 0 })
            return;
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
                Directory.CreateDirectory(folder);
            string part = path + ".part";
            File.WriteAllText(part, JsonSerializer.Serialize(snapshot, ContractJson.Options));
            File.Move(part, path, overwrite: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Fail(problem.Message);
        }
    }

    private void Fail(string reason)
    {
        if (!_failed)
            Log.WorkFitsNotKept(_logger, path, reason);
        _failed = true;
    }
}
