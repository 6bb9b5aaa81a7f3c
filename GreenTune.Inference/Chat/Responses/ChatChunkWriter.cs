using System.IO.Pipelines;
using GreenTune.Inference.Chat.Answers;

namespace GreenTune.Inference.Chat.Responses;

/// <summary>Chunks of /v1/chat/completions: {"choices":[{"index":0,"delta":{"content":"..."},"finish_reason":null}]}</summary>
internal sealed class ChatChunkWriter(PipeWriter pipe, AnswerHead head) : ChunkWriter(pipe, head, "chat.completion.chunk")
{
    private readonly bool[] _begun = new bool[head.Choices];
    private readonly int[] _calls = new int[head.Choices];

    public override void Piece(AnswerPiece piece)
    {
        Begin(piece.Choice);
        Start(piece.Choice);
        Raw(""","delta":{"""u8);
        if (piece.Text.Length > 0 || piece.Calls.Count == 0)
        {
            Raw("\"content\":"u8);
            Text(piece.Text);
        }

        if (piece.Calls.Count > 0)
        {
            if (piece.Text.Length > 0)
            {
                Raw(","u8);
            }

            Raw("\"tool_calls\":"u8);
            int first = _calls[piece.Choice];
            _calls[piece.Choice] += piece.Calls.Count;
            Value(writer => ToolCallJson.Write(writer, piece.Calls, first));
        }

        Raw("}"u8);
        if (Head.WithLogProbs)
        {
            Raw(""","logprobs":"""u8);
            Value(writer => LogProbJson.WriteChat(writer, piece.LogProbs, Head.Tokenizer));
        }

        Raw(""","finish_reason":null"""u8);
        End();
    }

    public override void Finish(int choice, string reason)
    {
        Begin(choice);
        Start(choice);
        Raw(""","delta":{},"finish_reason":"""u8);
        Text(reason);
        End();
    }

    /// <summary>A choice's first chunk says who speaks.</summary>
    private void Begin(int choice)
    {
        if (_begun[choice])
        {
            return;
        }

        _begun[choice] = true;
        Start(choice);
        Raw(""","delta":{"role":"assistant","content":""},"finish_reason":null"""u8);
        End();
    }
}
