namespace GreenTune.Models.Download;

/// <summary>Which files of a repository a model is made of.</summary>
public static class FilePatterns
{
    /// <summary>A Hugging Face checkpoint in safetensors, its tokenizer and its licence, all at the repository's top.</summary>
    public static readonly IReadOnlyList<string> Checkpoint =
    [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
        "model.safetensors", "model-*-of-*.safetensors", "model.safetensors.index.json", "LICENSE*", "NOTICE*", "USE_POLICY*",
    ];

    /// <summary>Whether <paramref name="path"/> is <paramref name="pattern"/>, where * stands for any characters but a slash.</summary>
    public static bool Matches(string pattern, string path)
    {
        string[] parts = pattern.Split('*');
        if (parts.Length == 1)
            return string.Equals(pattern, path, StringComparison.Ordinal);
        if (path.Length < parts[0].Length + parts[^1].Length || !path.StartsWith(parts[0], StringComparison.Ordinal) || !path.EndsWith(parts[^1], StringComparison.Ordinal))
            return false;
        int at = parts[0].Length;
        int end = path.Length - parts[^1].Length;
        foreach (string part in parts[1..^1])
        {
            int found = path.IndexOf(part, at, end - at, StringComparison.Ordinal);
            if (found < 0 || path.AsSpan(at, found - at).Contains('/'))
                return false;
            at = found + part.Length;
        }
        return !path.AsSpan(at, end - at).Contains('/');
    }

    /// <summary>Whether a text can be a pattern.</summary>
    public static bool IsPattern(string text) => HubFile.IsSafePath(text.Replace('*', 'x'));

    /// <summary>The files to pull: a checkpoint with its configuration and weights, or one GGUF file.</summary>
    /// <exception cref="HubException">The repository has neither, or several that could be meant.</exception>
    internal static IReadOnlyList<HubFile> Choose(HubListing listing, IReadOnlyList<string>? patterns)
    {
        HubFile[] all = [.. listing.Files.Where(f => f.Path != SourcePin.FileName && !f.Path.EndsWith(FileDownload.PartEnding, StringComparison.Ordinal) && !f.Path.EndsWith(FileDownload.TagEnding, StringComparison.Ordinal))];
        HubFile[] chosen = [.. all.Where(f => (patterns ?? Checkpoint).Any(p => Matches(p, f.Path)))];
        bool config = chosen.Any(f => f.Path == "config.json");
        bool weights = chosen.Any(f => f.Path.EndsWith(".safetensors", StringComparison.Ordinal));
        HubFile[] gguf = [.. chosen.Where(IsGguf)];
        if (patterns is null && !weights)
        {
            HubFile[] others = [.. all.Where(IsGguf)];
            if (others.Length == 1)
                return [.. chosen.Where(f => f.Path.StartsWith("LICENSE", StringComparison.Ordinal)), others[0]];
            throw new HubException(HubFailure.Refused, others.Length > 1
                ? $"{listing.Repository} has several GGUF files; name one, for example --file {others[0].Path}. There are: {string.Join(", ", others.Select(f => f.Path).Take(40))}"
                : $"{listing.Repository} has no weights in safetensors and no GGUF file at its top");
        }
        if ((config && weights && gguf.Length == 0) || (gguf.Length == 1 && !weights))
            return chosen;
        string asked = string.Join(", ", patterns ?? Checkpoint);
        throw new HubException(HubFailure.Refused, gguf.Length > 1
            ? $"{asked} are several GGUF files of {listing.Repository}: {string.Join(", ", gguf.Select(f => f.Path).Take(40))}; a model is one of them"
            : $"{asked} of {listing.Repository} are no checkpoint: config.json and safetensors files, or one GGUF file, are expected");
    }

    private static bool IsGguf(HubFile file) => file.Path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase);
}
