using System.Diagnostics;
using System.Text;
using GreenTune.Core.Telemetry;
using GreenTune.Inference.Budgets;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Records;

namespace GreenTune.Inference.Chat;

/// <summary>A chat whose generation runs: its text as it comes, and its end.</summary>
internal sealed class RunningChat(ChatRequest request, ServedRequest served, LoadedConfiguration configuration, Generation generation, BudgetVerdict verdict, Activity? activity) : IDisposable
{
    public ServedRequest Served { get; } = served;

    public BudgetVerdict Verdict { get; } = verdict;

    public bool IncludeUsage => request.IncludeUsage;

    /// <summary>Pieces of the answer. Tokens that came while the last piece was being sent are joined into one.</summary>
    public async IAsyncEnumerable<string> TextAsync()
    {
        var text = configuration.Tokenizer.CreateStream();
        var stops = new StopStrings(request.Stop);
        var piece = new StringBuilder();
        while (await generation.Tokens.WaitToReadAsync())
        {
            while (generation.Tokens.TryRead(out GeneratedToken token))
            {
                piece.Append(stops.Add(text.Append(token.Id)));
            }

            if (piece.Length > 0)
            {
                yield return piece.ToString();
                piece.Clear();
            }
        }

        piece.Append(stops.Add(text.Flush())).Append(stops.Rest());
        if (piece.Length > 0)
        {
            yield return piece.ToString();
        }
    }

    /// <summary>The end; closes the generation's span.</summary>
    public async Task<GenerationResult> EndAsync()
    {
        GenerationResult result = await generation.Completion;
        if (activity is not null)
        {
            activity.SetTag(TelemetryNames.UsageOutputTokens, result.OutputTokens);
            activity.SetTag(TelemetryNames.ResponseFinishReasons, new[] { FinishWord(result.Finish) });
            if (result.FirstTokenAt is { } first)
            {
                activity.SetTag(TelemetryNames.ResponseTimeToFirstChunk, (first - Served.AcceptedTick).TotalSeconds);
            }

            if (result.Error is { } error)
            {
                activity.SetStatus(ActivityStatusCode.Error, error.Message);
                activity.SetTag(TelemetryNames.ErrorType, error.GetType().Name);
            }
        }

        return result;
    }

    public void Dispose() => activity?.Dispose();

    public static string FinishWord(FinishReason finish) => finish switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        FinishReason.Cancelled => "cancelled",
        _ => "error",
    };
}
