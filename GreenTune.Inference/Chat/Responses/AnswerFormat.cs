using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using GreenTune.Inference.Chat.Answers;
using GreenTune.Inference.Chat.Requests;
using GreenTune.Inference.Chat.Tools;
using GreenTune.Inference.Configurations;

namespace GreenTune.Inference.Chat.Responses;

/// <summary>How an endpoint writes its answers.</summary>
internal abstract class AnswerFormat
{
    /// <summary>OpenAI's name of the whole answer's object.</summary>
    protected abstract string ObjectName { get; }

    /// <summary>Writer of a stream's chunks.</summary>
    public abstract ChunkWriter Chunks(PipeWriter pipe, AnswerHead head);

    /// <summary>The whole answer.</summary>
    public void Write(Utf8JsonWriter writer, AnswerHead head, IReadOnlyList<WholeChoice> choices, TokenUsage usage)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, head.Id);
        writer.WriteString("object"u8, ObjectName);
        writer.WriteNumber("created"u8, head.Created);
        writer.WriteString("model"u8, head.Model);
        writer.WriteStartArray("choices"u8);
        for (int i = 0; i < choices.Count; i++)
        {
            writer.WriteStartObject();
            writer.WriteNumber("index"u8, i);
            WriteChoice(writer, head, i, choices[i]);
            writer.WriteString("finish_reason"u8, choices[i].FinishReason);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WritePropertyName("usage"u8);
        usage.Write(writer);
        writer.WriteEndObject();
    }

    /// <summary>The choice's own properties.</summary>
    protected abstract void WriteChoice(Utf8JsonWriter writer, AnswerHead head, int index, WholeChoice choice);
}

/// <summary>A choice that has ended.</summary>
internal sealed class WholeChoice
{
    private readonly StringBuilder _text = new();

    public string Text => _text.ToString();

    public List<ToolCall> Calls { get; } = [];

    public List<ChosenToken> LogProbs { get; } = [];

    public string FinishReason { get; set; } = "stop";

    public void Add(AnswerPiece piece)
    {
        _text.Append(piece.Text);
        Calls.AddRange(piece.Calls);
        LogProbs.AddRange(piece.LogProbs);
    }
}

/// <summary>The form of /v1/chat/completions.</summary>
internal sealed class ChatFormat : AnswerFormat
{
    protected override string ObjectName => "chat.completion";

    public override ChunkWriter Chunks(PipeWriter pipe, AnswerHead head) => new ChatChunkWriter(pipe, head);

    protected override void WriteChoice(Utf8JsonWriter writer, AnswerHead head, int index, WholeChoice choice)
    {
        writer.WriteStartObject("message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        string text = choice.Text;
        if (text.Length == 0 && choice.Calls.Count > 0)
        {
            writer.WriteNull("content"u8);
        }
        else
        {
            writer.WriteString("content"u8, text);
        }

        writer.WriteNull("refusal"u8);
        if (choice.Calls.Count > 0)
        {
            writer.WritePropertyName("tool_calls"u8);
            ToolCallJson.Write(writer, choice.Calls, firstIndex: null);
        }

        writer.WriteEndObject();
        writer.WritePropertyName("logprobs"u8);
        if (head.WithLogProbs)
        {
            LogProbJson.WriteChat(writer, choice.LogProbs, head.Tokenizer);
        }
        else
        {
            writer.WriteNullValue();
        }
    }
}

/// <summary>The form of /v1/completions.</summary>
/// <param name="request">The request.</param>
/// <param name="configuration">What answers it.</param>
internal sealed class CompletionFormat(CompletionRequest request, LoadedConfiguration configuration) : AnswerFormat
{
    private readonly string[]? _echo = request.Echo ? [.. Enumerable.Range(0, request.Prompts.Count).Select(prompt => request.PromptText(prompt, configuration.Tokenizer))] : null;

    protected override string ObjectName => CompletionChunkWriter.ObjectName;

    public override ChunkWriter Chunks(PipeWriter pipe, AnswerHead head) => new CompletionChunkWriter(pipe, head, Echo);

    protected override void WriteChoice(Utf8JsonWriter writer, AnswerHead head, int index, WholeChoice choice)
    {
        string echo = Echo(index);
        writer.WriteString("text"u8, echo + choice.Text);
        writer.WritePropertyName("logprobs"u8);
        if (head.WithLogProbs)
        {
            LogProbJson.WriteCompletion(writer, choice.LogProbs, echo.Length, head.Tokenizer);
        }
        else
        {
            writer.WriteNullValue();
        }
    }

    /// <summary>What a choice's text begins with.</summary>
    private string Echo(int choice) => _echo?[choice / request.Choices] ?? string.Empty;
}
