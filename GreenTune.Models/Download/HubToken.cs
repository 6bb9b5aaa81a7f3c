namespace GreenTune.Models.Download;

/// <summary>A token for a hub. It is sent to the hub's own host alone, and its text form never shows it.</summary>
public sealed class HubToken
{
    private const int LongestToken = 1024;
    private static readonly IReadOnlyList<string> Variables = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"];

    private HubToken(string value) => Value = value;

    internal string Value { get; }

    /// <summary>The token of the environment variables HF_TOKEN or HUGGING_FACE_HUB_TOKEN; null where neither is set.</summary>
    /// <param name="environment">Reads a variable; null reads the process's own.</param>
    /// <exception cref="HubException">The variable holds something that is no token.</exception>
    public static HubToken? FromEnvironment(Func<string, string?>? environment = null)
    {
        environment ??= Environment.GetEnvironmentVariable;
        return Variables.Select(name => environment(name) is { Length: > 0 } value ? Parse(value, name) : null).FirstOrDefault(token => token is not null);
    }

    /// <summary>The token that a file holds on its own.</summary>
    /// <exception cref="HubException">The file cannot be read or holds no token.</exception>
    public static HubToken ReadFile(string path)
    {
        try
        {
            var info = new FileInfo(path);
            if (info.Exists && info.Length > 4 * LongestToken)
                throw new HubException(HubFailure.AccessDenied, $"--token-file {path} has {info.Length} bytes; a file that holds a token and nothing else is expected");
            return Parse(File.ReadAllText(path), $"--token-file {path}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HubException(HubFailure.AccessDenied, $"--token-file {path} cannot be read: {e.Message}", e);
        }
    }

    public override string ToString() => "(hidden)";

    private static HubToken Parse(string text, string from)
    {
        string token = text.Trim();
        return token.Length is > 0 and <= LongestToken && token.All(c => c is > ' ' and < '\x7f')
            ? new HubToken(token)
            : throw new HubException(HubFailure.AccessDenied, $"{from} holds no token; one word of at most {LongestToken} characters is expected");
    }
}
