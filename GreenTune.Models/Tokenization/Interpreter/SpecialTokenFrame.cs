namespace GreenTune.Models.Tokenization.Interpreter;

/// <summary>The tokens that a tokenizer puts before and behind a text: "post_processor" of tokenizer.json.</summary>
internal sealed record SpecialTokenFrame(int[] Before, int[] Behind)
{
    public static SpecialTokenFrame None { get; } = new([], []);

    /// <exception cref="System.Text.Json.JsonException">The kind is not known, or a field is wrong.</exception>
    public static SpecialTokenFrame Read(JsonField field)
    {
        if (field.IsNull)
            return None;
        return field.Type switch
        {
            "ByteLevel" => None,
            "TemplateProcessing" => ReadTemplate(field),
            "BertProcessing" or "RobertaProcessing" => new SpecialTokenFrame([Second(field["cls"])], [Second(field["sep"])]),
            // Each goes around what the ones before it made.
            "Sequence" => field["processors"].Items().Select(Read).Aggregate(None, (all, next) => new SpecialTokenFrame([.. next.Before, .. all.Before], [.. all.Behind, .. next.Behind])),
            string other => throw field["type"].Wrong($"is {other}; known are Sequence, ByteLevel, TemplateProcessing, BertProcessing and RobertaProcessing"),
        };
    }

    /// <remarks>
    /// Sample: <c>"single": [{"SpecialToken": {"id": "&lt;s&gt;", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    /// "special_tokens": {"&lt;s&gt;": {"id": "&lt;s&gt;", "ids": [1], "tokens": ["&lt;s&gt;"]}}</c>
    /// </remarks>
    private static SpecialTokenFrame ReadTemplate(JsonField field)
    {
        var before = new List<int>();
        var behind = new List<int>();
        bool seen = false;
        foreach (JsonField part in field["single"].Items())
        {
            JsonField special = part["SpecialToken"];
            if (special.IsNull)
            {
                if (part["Sequence"].IsNull || seen)
                    throw part.Wrong("is neither a special token nor the one sequence");
                seen = true;
                continue;
            }
            JsonField ids = field["special_tokens"][special["id"].Text]["ids"];
            (seen ? behind : before).AddRange(ids.Items().Select(i => i.Integer));
        }
        return seen ? new SpecialTokenFrame([.. before], [.. behind]) : throw field["single"].Wrong("does not say where the text goes");
    }

    /// <summary>The id in ["[CLS]", 101].</summary>
    private static int Second(JsonField field) => field.Items().ElementAtOrDefault(1) is { Path: not null } id ? id.Integer : throw field.Wrong("is not a token with its id");
}
