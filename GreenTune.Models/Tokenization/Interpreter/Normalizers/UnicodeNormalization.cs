using System.Globalization;
using System.Text;

namespace GreenTune.Models.Tokenization.Interpreter.Normalizers;

/// <summary>
/// Unicode's normalisation forms (UAX 15) from tables of our own: .NET leaves texts as they are where globalisation is invariant, as in every
/// GreenTune program.
/// </summary>
internal static class UnicodeNormalization
{
    private const string Resource = "GreenTune.Models.unicode-14-normalization.txt";

    // Hangul syllables: UAX 15, section "Hangul".
    private const int HangulFirst = 0xAC00;
    private const int HangulCount = 11172;
    private const int LeadFirst = 0x1100;
    private const int VowelFirst = 0x1161;
    private const int TailFirst = 0x11A7;
    private const int VowelCount = 21;
    private const int TailCount = 28;
    private const int LeadCount = 19;

    private static readonly Lazy<Tables> Data = new(Load);

    /// <summary>The text in a form. Halves of surrogate pairs become U+FFFD.</summary>
    public static string Normalize(string text, NormalizationForm form)
    {
        if (Ascii.IsValid(text))
            return text;
        Tables tables = Data.Value;
        bool compatibility = form is NormalizationForm.FormKC or NormalizationForm.FormKD;
        bool compose = form is NormalizationForm.FormC or NormalizationForm.FormKC;
        if (compose && !compatibility && !text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF'))
            return text;
        var points = new List<int>(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes())
            tables.Decompose(rune.Value, compatibility, points);
        tables.Order(points);
        if (compose)
            tables.Compose(points);
        var result = new StringBuilder(text.Length);
        foreach (int point in points)
            result.Append(new Rune(point).ToString());
        return result.ToString();
    }

    private static Tables Load()
    {
        using Stream stream = typeof(UnicodeNormalization).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The resource {Resource} is missing.");
        using var reader = new StreamReader(stream);
        var tables = new Tables();
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
                tables.Read(line.Split(' '));
        }
        return tables;
    }

    private sealed class Tables
    {
        private readonly Dictionary<int, int[]> _canonical = [];
        private readonly Dictionary<int, int[]> _compatibility = [];
        private readonly Dictionary<int, byte> _classes = [];
        private readonly Dictionary<(int First, int Second), int> _compositions = [];

        public void Read(string[] fields)
        {
            int point = Hexadecimal(fields[1]);
            if (fields[0] == "M")
            {
                for (int c = point; c <= Hexadecimal(fields[2]); c++)
                    _classes[c] = byte.Parse(fields[3], CultureInfo.InvariantCulture);
                return;
            }
            int[] parts = [.. fields[2..].Select(Hexadecimal)];
            (fields[0] == "K" ? _compatibility : _canonical)[point] = parts;
            if (fields[0] == "C")
                _compositions[(parts[0], parts[1])] = point;
        }

        public void Decompose(int point, bool compatibility, List<int> points)
        {
            int syllable = point - HangulFirst;
            if (syllable is >= 0 and < HangulCount)
            {
                points.Add(LeadFirst + syllable / (VowelCount * TailCount));
                points.Add(VowelFirst + syllable % (VowelCount * TailCount) / TailCount);
                if (syllable % TailCount != 0)
                    points.Add(TailFirst + syllable % TailCount);
                return;
            }
            if (point >= 0x80 && (_canonical.TryGetValue(point, out int[]? parts) || (compatibility && _compatibility.TryGetValue(point, out parts))))
            {
                foreach (int part in parts)
                    Decompose(part, compatibility, points);
                return;
            }
            points.Add(point);
        }

        /// <summary>Marks behind a base, sorted by combining class, equal ones as they stand.</summary>
        public void Order(List<int> points)
        {
            int start = 0;
            while (start < points.Count)
            {
                if (Class(points[start]) == 0)
                {
                    start++;
                    continue;
                }
                int end = start + 1;
                while (end < points.Count && Class(points[end]) != 0)
                    end++;
                if (end - start > 1)
                {
                    int[] sorted = [.. points.GetRange(start, end - start).OrderBy(p => Class(p))];
                    for (int i = 0; i < sorted.Length; i++)
                        points[start + i] = sorted[i];
                }
                start = end;
            }
        }

        public void Compose(List<int> points)
        {
            int starter = -1;
            int lastClass = -1;
            int written = 0;
            for (int i = 0; i < points.Count; i++)
            {
                int point = points[i];
                int mark = Class(point);
                if (starter >= 0 && lastClass < mark && Pair(points[starter], point) is { } composed)
                {
                    points[starter] = composed;
                    continue;
                }
                if (starter >= 0 && mark == 0 && lastClass == -1 && Pair(points[starter], point) is { } both)
                {
                    points[starter] = both;
                    continue;
                }
                if (mark == 0)
                {
                    starter = written;
                    lastClass = -1;
                }
                else
                {
                    lastClass = mark;
                }
                points[written++] = point;
            }
            points.RemoveRange(written, points.Count - written);
        }

        private int Class(int point) => point >= 0x300 && _classes.TryGetValue(point, out byte mark) ? mark : 0;

        private int? Pair(int first, int second)
        {
            if (first is >= LeadFirst and < LeadFirst + LeadCount && second is >= VowelFirst and < VowelFirst + VowelCount)
                return HangulFirst + ((first - LeadFirst) * VowelCount + second - VowelFirst) * TailCount;
            int syllable = first - HangulFirst;
            if (syllable is >= 0 and < HangulCount && syllable % TailCount == 0 && second is > TailFirst and < TailFirst + TailCount)
                return first + second - TailFirst;
            return _compositions.TryGetValue((first, second), out int composed) ? composed : null;
        }

        private static int Hexadecimal(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }
}
