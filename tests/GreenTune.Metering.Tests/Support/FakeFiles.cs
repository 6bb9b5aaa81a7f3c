using System.Text;
using GreenTune.Metering.Files;

namespace GreenTune.Metering.Tests.Support;

/// <summary>A machine's files as texts by path.</summary>
internal sealed class FakeFiles : ISystemFiles
{
    public Dictionary<string, string> Texts { get; } = [];

    public HashSet<string> Denied { get; } = [];

    public int Open { get; private set; }

    public IReadOnlyList<string>? Folders(string path)
    {
        string[] inside = [.. Texts.Keys.Concat(Denied).Where(file => file.StartsWith(path + "/", StringComparison.Ordinal)).Select(file => file[(path.Length + 1)..])];
        return inside.Length == 0 ? null : [.. inside.Where(file => file.Contains('/')).Select(file => file[..file.IndexOf('/')]).Distinct()];
    }

    public FileAnswer Read(string path, out string text)
    {
        text = "";
        if (Denied.Contains(path))
            return FileAnswer.Denied;
        if (!Texts.TryGetValue(path, out string? known))
            return FileAnswer.Missing;
        text = known;
        return FileAnswer.Ok;
    }

    FileAnswer ISystemFiles.Open(string path, out ISystemFile? file)
    {
        FileAnswer answer = Read(path, out _);
        file = answer == FileAnswer.Ok ? new FakeFile(this, path) : null;
        if (file is not null)
            Open++;
        return answer;
    }

    private sealed class FakeFile(FakeFiles files, string path) : ISystemFile
    {
        public int Read(Span<byte> buffer) => files.Texts.TryGetValue(path, out string? text) ? Encoding.UTF8.GetBytes(text, buffer) : -1;

        public void Dispose() => files.Open--;
    }
}
