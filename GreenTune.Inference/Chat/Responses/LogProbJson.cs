using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using GreenTune.Inference.Chat.Answers;
using GreenTune.Models.Tokenization;

namespace GreenTune.Inference.Chat.Responses;

/// <summary>Log-probabilities in the forms of OpenAI's two endpoints.</summary>
internal static class LogProbJson
{
    /// <summary>OpenAI's value for a token that could not have been chosen; JSON has no infinity.</summary>
    private const double Impossible = -9999;

    /// <summary>{"content": [{"token", "logprob", "bytes", "top_logprobs"}], "refusal": null}</summary>
    public static void WriteChat(Utf8JsonWriter writer, IReadOnlyList<ChosenToken> tokens, ChatTokenizer tokenizer)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("content"u8);
        foreach (ChosenToken token in tokens)
        {
            writer.WriteStartObject();
            WriteToken(writer, token.Id, token.LogProbability.Value, tokenizer);
            writer.WriteStartArray("top_logprobs"u8);
            foreach ((int id, double value) in token.LogProbability.Top)
            {
                writer.WriteStartObject();
                WriteToken(writer, id, value, tokenizer);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteNull("refusal"u8);
        writer.WriteEndObject();
    }

    /// <summary>{"tokens": [], "token_logprobs": [], "top_logprobs": [{}], "text_offset": []}</summary>
    /// <param name="writer">Gets the object.</param>
    /// <param name="tokens">The answer's, or a chunk's.</param>
    /// <param name="offset">Where the answer begins in the choice's text.</param>
    /// <param name="tokenizer">The model's.</param>
    public static void WriteCompletion(Utf8JsonWriter writer, IReadOnlyList<ChosenToken> tokens, int offset, ChatTokenizer tokenizer)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("tokens"u8);
        foreach (ChosenToken token in tokens)
        {
            writer.WriteStringValue(Name(token.Id, tokenizer));
        }

        writer.WriteEndArray();
        writer.WriteStartArray("token_logprobs"u8);
        foreach (ChosenToken token in tokens)
        {
            writer.WriteNumberValue(Finite(token.LogProbability.Value));
        }

        writer.WriteEndArray();
        writer.WriteStartArray("top_logprobs"u8);
        foreach (ChosenToken token in tokens)
        {
            WriteTop(writer, token, tokenizer);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("text_offset"u8);
        foreach (ChosenToken token in tokens)
        {
            writer.WriteNumberValue(offset + token.Start);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>An object by token: two tokens of one name would be one, so the likelier one stays.</summary>
    private static void WriteTop(Utf8JsonWriter writer, ChosenToken token, ChatTokenizer tokenizer)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        writer.WriteStartObject();
        // The chosen token is always among them.
        foreach ((int id, double value) in token.LogProbability.Top.Append((token.Id, token.LogProbability.Value)))
        {
            string name = Name(id, tokenizer);
            if (names.Add(name))
            {
                writer.WriteNumber(name, Finite(value));
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteToken(Utf8JsonWriter writer, int id, double value, ChatTokenizer tokenizer)
    {
        ReadOnlySpan<byte> bytes = tokenizer.TokenBytes(id);
        writer.WriteString("token"u8, Encoding.UTF8.GetString(bytes));
        writer.WriteNumber("logprob"u8, Finite(value));
        writer.WriteStartArray("bytes"u8);
        foreach (byte each in bytes)
        {
            writer.WriteNumberValue(each);
        }

        writer.WriteEndArray();
    }

    /// <summary>A token's text; one that is a part of a character is told by its bytes, as OpenAI does: "bytes:\xe2\x80".</summary>
    private static string Name(int id, ChatTokenizer tokenizer)
    {
        ReadOnlySpan<byte> bytes = tokenizer.TokenBytes(id);
        if (Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        var name = new StringBuilder("bytes:");
        foreach (byte each in bytes)
        {
            name.Append("\\x").Append(Convert.ToHexStringLower([each]));
        }

        return name.ToString();
    }

    private static double Finite(double value) => double.IsFinite(value) ? Math.Max(value, Impossible) : Impossible;
}
