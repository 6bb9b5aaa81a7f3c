using System.Text.Json;
using System.Text.Json.Serialization;

namespace GreenTune.Inference.Plans;

/// <summary>The three classes of the bundled set.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Sentiment>))]
internal enum Sentiment
{
    Positive,
    Negative,
    Neutral,
}

/// <summary>One sentence of the bundled set.</summary>
internal sealed record SentimentItem(
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("text")] string Text,
    [property: JsonPropertyName("label")] Sentiment Label);

/// <summary>
/// The bundled sentiment set: 300 sentences, 100 of each class, written for this project as test data (models/README in the repository's models folder).
/// </summary>
internal sealed class SentimentSet
{
    public const string FileName = "sentiment_public.jsonl";

    private readonly SentimentItem[] _items;

    private SentimentSet(SentimentItem[] items) => _items = items;

    public int Count => _items.Length;

    /// <summary>Reads {"id","text","label",...} a line.</summary>
    /// <exception cref="InvalidDataException">A line is not such an object; it is named by its number.</exception>
    public static SentimentSet Read(string path)
    {
        var items = new List<SentimentItem>();
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (line.Length == 0)
            {
                continue;
            }

            try
            {
                items.Add(JsonSerializer.Deserialize<SentimentItem>(line) is { Id.Length: > 0, Text.Length: > 0 } item ? item : throw new JsonException("id or text is missing"));
            }
            catch (JsonException e)
            {
                throw new InvalidDataException($"{Path.GetFileName(path)}, line {number}: {e.Message}", e);
            }
        }

        return items.Count > 0 ? new SentimentSet([.. items]) : throw new InvalidDataException($"{Path.GetFileName(path)} has no items.");
    }

    /// <summary><paramref name="count"/> items, the classes in equal numbers as far as they go, drawn and ordered by the seed.</summary>
    public IReadOnlyList<SentimentItem> Draw(int count, int seed)
    {
        var random = new Random(seed);
        Queue<SentimentItem>[] classes =
        [
            .. _items.GroupBy(item => item.Label).OrderBy(group => group.Key).Select(group => new Queue<SentimentItem>(Shuffled(group, random))),
        ];
        var drawn = new List<SentimentItem>();
        while (drawn.Count < Math.Min(count, _items.Length))
        {
            foreach (Queue<SentimentItem> items in classes)
            {
                if (drawn.Count < count && items.TryDequeue(out SentimentItem? item))
                {
                    drawn.Add(item);
                }
            }
        }

        return Shuffled(drawn, random);
    }

    private static SentimentItem[] Shuffled(IEnumerable<SentimentItem> items, Random random)
    {
        SentimentItem[] shuffled = [.. items];
        random.Shuffle(shuffled);
        return shuffled;
    }
}
