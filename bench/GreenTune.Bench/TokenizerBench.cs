using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using GreenTune.Models.Tokenization;
using GreenTune.Models.Tokenization.Native;

namespace GreenTune.Bench;

/// <summary>
/// Encoding speed in MB/s of UTF-8 (1 MB = 1,000,000 bytes), single thread, of GreenTune's tokenizers against ONNX Runtime extensions' on the same texts: both
/// take turns in one process, medians over the rounds. The first round, with an empty word cache, is a column of its own.
/// </summary>
internal static class TokenizerBench
{
    private const int TextLength = 200_000;
    private const int LongWordLength = 1_000_000;

    public static Command Command()
    {
        var folder = new Option<string?>("--folder") { Description = "A tokenizer's folder; the embedded models and the fixtures, where they are, without" };
        var rounds = new Option<int>("--rounds") { Description = "Rounds; each runs both sides once", DefaultValueFactory = _ => 9 };
        var command = new Command("tokenizer", "Encoding speed against ONNX Runtime extensions' tokenizer") { folder, rounds };
        command.SetAction(parsed =>
        {
            Console.WriteLine("| tokenizer | first MB/s | MB/s | ORT extensions MB/s | ratio | 1 MB of 'a', s | 1 MB of spaces, s | one word of 1 MB, s | equal ids |");
            Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
            foreach (string path in parsed.GetValue(folder) is { } given ? [given] : Found())
                Run(path, parsed.GetValue(rounds));
        });
        return command;
    }

    private static void Run(string path, int rounds)
    {
        // Two texts of other words: the second finds the code warm and the cache without its words.
        string text = Text(1);
        using ChatTokenizer tokenizer = ChatTokenizer.Open(path);
        tokenizer.Encode(Text(2));
        using OrtxTokenizer? native = OpenNative(path);
        double megabytes = Encoding.UTF8.GetByteCount(text) / 1e6;
        var ours = new List<double>();
        var theirs = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            ours.Add(megabytes / Seconds(() => tokenizer.Encode(text)));
            if (native is not null)
                theirs.Add(megabytes / Seconds(() => native.Encode(text)));
        }
        double mine = Median(ours);
        double? peer = theirs.Count > 0 ? Median(theirs) : null;
        double letters = Seconds(() => tokenizer.Encode(new string('a', LongWordLength)));
        double spaces = Seconds(() => tokenizer.Encode(new string(' ', LongWordLength)));
        double word = Seconds(() => tokenizer.Encode(LongWord()));
        string equal = native is null ? "" : native.Encode(text).AsSpan().SequenceEqual(tokenizer.Encode(text)) ? "yes" : "no";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {Path.GetFileName(Path.TrimEndingDirectorySeparator(path))} | {ours[0]:F1} | {mine:F1} | {(peer is { } p ? p.ToString("F2", CultureInfo.InvariantCulture) : "")} | {(peer is { } q ? (mine / q).ToString("F1", CultureInfo.InvariantCulture) : "")} | {letters:F2} | {spaces:F2} | {word:F2} | {equal} |"));
    }

    private static IEnumerable<string> Found()
    {
        foreach (string relative in new[] { "models", Path.Combine("shared", "fixtures", "tokenizers") })
        {
            for (string? folder = Environment.CurrentDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
            {
                string candidate = Path.Combine(folder, relative);
                if (!Directory.Exists(candidate))
                    continue;
                foreach (string path in Directory.GetDirectories(candidate).Order(StringComparer.Ordinal).Where(d => File.Exists(Path.Combine(d, "tokenizer.json"))))
                    yield return path;
                break;
            }
        }
    }

    private static OrtxTokenizer? OpenNative(string path)
    {
        try
        {
            return OrtxTokenizer.Open(path);
        }
        catch (TokenizerException)
        {
            return null;
        }
    }

    /// <summary>Words of syllables by Zipf's law, with numbers, punctuation, lines and some other scripts; the same in every run.</summary>
    private static string Text(int seed)
    {
        string[] syllables = ["the", "an", "er", "in", "ka", "lo", "mi", "tor", "sun", "watt", "re", "en", "gy", "tion", "ly", "pre", "con", "ed", "s", "ing", "qua", "ble"];
        string[] others = ["日本語の", "Здравствуй", "naïve", "🌱", "café", "don't", "it's", "e.g.", "1,234.50", "2024", "x=1;", "https://example.org/a?b=c"];
        var random = new Random(seed);
        string[] words = [.. Enumerable.Range(0, 5000).Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => syllables[random.Next(syllables.Length)])))];
        var text = new StringBuilder();
        while (text.Length < TextLength)
        {
            string word = random.Next(25) == 0 ? others[random.Next(others.Length)] : words[(int)(words.Length * Math.Pow(random.NextDouble(), 3))];
            text.Append(random.Next(12) == 0 ? char.ToUpperInvariant(word[0]) + word[1..] : word);
            text.Append(random.Next(20) switch
            {
                0 => ". ",
                1 => ", ",
                2 => "\n",
                3 => "\n\n",
                _ => " ",
            });
        }
        return text.ToString();
    }

    private static string LongWord()
    {
        var random = new Random(3);
        return string.Create(LongWordLength, random, static (span, r) =>
        {
            for (int i = 0; i < span.Length; i++)
                span[i] = (char)('a' + r.Next(26));
        });
    }

    private static double Seconds(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
