using System.Text.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Selection;

/// <summary>Keeps Accounting's choice of configurations, also over restarts and while Accounting is away.</summary>
internal sealed partial class AutoSelector
{
    private readonly string _file;
    private readonly ILogger<AutoSelector> _logger;
    private AutoChoice? _choice;

    public AutoSelector(string directory, ILogger<AutoSelector> logger)
    {
        _file = Path.Combine(directory, "auto.json");
        _logger = logger;
        try
        {
            if (File.Exists(_file))
            {
                _choice = JsonSerializer.Deserialize<AutoChoice>(File.ReadAllText(_file), ContractJson.Options);
            }
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            LogUnreadable(_file, e.Message);
        }
    }

    /// <summary>Best first; empty until configurations have been measured.</summary>
    public IReadOnlyList<string> Candidates => Volatile.Read(ref _choice)?.Candidates ?? [];

    public void Set(AutoChoice choice)
    {
        Volatile.Write(ref _choice, choice);
        try
        {
            string part = _file + ".part";
            File.WriteAllText(part, JsonSerializer.Serialize(choice, ContractJson.Options));
            File.Move(part, _file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogUnwritable(_file, e.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{File} cannot be read ({Reason}); auto serves the default configuration until Accounting answers")]
    private partial void LogUnreadable(string file, string reason);

    [LoggerMessage(2, LogLevel.Warning, "{File} cannot be written ({Reason}); auto's choice is not kept over a restart")]
    private partial void LogUnwritable(string file, string reason);
}
