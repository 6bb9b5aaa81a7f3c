using System.IO.Pipelines;
using GreenTune.Inference.Chat.Answers;

namespace GreenTune.Inference.Chat.Responses;

/// <summary>Chunks of /v1/completions: {"choices":[{"index":0,"text":"...","logprobs":null,"finish_reason":null}]}</summary>
/// <param name="pipe">The connection.</param>
/// <param name="head">What every chunk repeats.</param>
/// <param name="echo">What a choice's text begins with.</param>
internal sealed class CompletionChunkWriter(PipeWriter pipe, AnswerHead head, Func<int, string> echo) : ChunkWriter(pipe, head, ObjectName)
{
    public const string ObjectName = "text_completion";

    private readonly bool[] _begun = new bool[head.Choices];

    public override void Piece(AnswerPiece piece)
    {
        string begin = Begin(piece.Choice);
        Chunk(piece.Choice, begin.Length == 0 ? piece.Text : begin + piece.Text, piece, null);
    }

    public override void Finish(int choice, string reason) => Chunk(choice, Begin(choice), null, reason);

    private void Chunk(int choice, string text, AnswerPiece? piece, string? reason)
    {
        Start(choice);
        Raw(""","text":"""u8);
        Text(text);
        Raw(""","logprobs":"""u8);
        if (Head.WithLogProbs && piece is { } given)
        {
            Value(writer => LogProbJson.WriteCompletion(writer, given.LogProbs, echo(choice).Length, Head.Tokenizer));
        }
        else
        {
            Raw("null"u8);
        }

        Raw(""","finish_reason":"""u8);
        if (reason is null)
        {
            Raw("null"u8);
        }
        else
        {
            Text(reason);
        }

        End();
    }

    private string Begin(int choice)
    {
        if (_begun[choice])
        {
            return string.Empty;
        }

        _begun[choice] = true;
        return echo(choice);
    }
}
