using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Accounting;
using GreenTune.Inference.Chat.Answers;
using GreenTune.Inference.Chat.Responses;
using GreenTune.Inference.Energy;
using GreenTune.Inference.Engine;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Chat;

/// <summary>Sends an answer, whole or streamed, in an endpoint's form.</summary>
internal sealed class AnswerSender(
    EnergyPredictor predictor,
    CarbonFactorCache factor,
    RecordLocation location,
    IEngine engine,
    IOptions<InferenceOptions> options,
    IOptions<ConnectionLimits> limits,
    TimeProvider clock)
{
    /// <exception cref="ApiException">It failed before anything was sent.</exception>
    public Task SendAsync(HttpContext context, RunningAnswer answer, AnswerFormat format, RequestHeaders headers)
    {
        RequestIdHeader.Named(context, answer.Served.Id);
        IHeaderDictionary fields = context.Response.Headers;
        fields[Headers.Configuration] = answer.Served.ConfigurationId;
        fields[Headers.Record] = string.Join(", ", answer.Runs.Select(run => location.Of(run.Served.Id)));
        if (BudgetHeader.Of(answer.Verdict, answer.Served.DegradedFrom) is { } budget)
        {
            fields[Headers.Budget] = budget;
        }

        return answer.Request.Stream ? StreamAsync(context, answer, format, headers) : WholeAsync(context, answer, format, headers);
    }

    private async Task WholeAsync(HttpContext context, RunningAnswer answer, AnswerFormat format, RequestHeaders headers)
    {
        CancellationToken gone = context.RequestAborted;
        AnswerHead head = AnswerHead.Of(answer);
        var choices = new WholeChoice[head.Choices];
        for (int i = 0; i < choices.Length; i++)
        {
            choices[i] = new WholeChoice();
        }

        await foreach (IReadOnlyList<AnswerPiece> pieces in answer.PiecesAsync())
        {
            foreach (AnswerPiece piece in pieces)
            {
                choices[piece.Choice].Add(piece);
            }
        }

        IReadOnlyList<GenerationResult> results = await answer.EndAsync();
        gone.ThrowIfCancellationRequested();
        if (Failure(answer, results) is { } failure)
        {
            throw failure;
        }

        foreach ((int choice, string reason) in Ends(answer, results))
        {
            choices[choice].FinishReason = reason;
        }

        TokenUsage usage = await UsageAsync(answer, results, headers, gone);
        context.Response.ContentType = "application/json";
        await using (var writer = new Utf8JsonWriter(context.Response.BodyWriter))
        {
            format.Write(writer, head, choices, usage);
        }

        await context.Response.BodyWriter.FlushAsync(gone);
    }

    private async Task StreamAsync(HttpContext context, RunningAnswer answer, AnswerFormat format, RequestHeaders headers)
    {
        using var stream = new AnswerStream(context, answer, format, TimeSpan.FromSeconds(limits.Value.WriteStallSeconds), clock);
        CancellationToken gone = context.RequestAborted;
        await foreach (IReadOnlyList<AnswerPiece> pieces in answer.PiecesAsync())
        {
            foreach (AnswerPiece piece in pieces)
            {
                stream.Chunks.Piece(piece);
            }

            if (!await stream.FlushAsync())
            {
                answer.Stop();
                break;
            }
        }

        IReadOnlyList<GenerationResult> results = await answer.EndAsync();
        if (gone.IsCancellationRequested)
        {
            return;
        }

        if (Failure(answer, results) is { } failure)
        {
            if (!stream.Begun)
            {
                throw failure;
            }

            stream.Chunks.Error(failure);
        }
        else
        {
            await EndAsync(stream, answer, results, headers, gone);
        }

        stream.Chunks.Done();
        await stream.FlushAsync();
    }

    private async Task EndAsync(AnswerStream stream, RunningAnswer answer, IReadOnlyList<GenerationResult> results, RequestHeaders headers, CancellationToken gone)
    {
        foreach ((int choice, string reason) in Ends(answer, results))
        {
            stream.Chunks.Finish(choice, reason);
        }

        if (!answer.Request.IncludeUsage)
        {
            return;
        }

        if (headers.WaitForEnergy)
        {
            // The text and its end go out now; only the figures wait.
            await stream.FlushAsync();
        }

        stream.Chunks.Usage(await UsageAsync(answer, results, headers, gone));
    }

    private static IEnumerable<(int Choice, string Reason)> Ends(RunningAnswer answer, IReadOnlyList<GenerationResult> results)
    {
        for (int prompt = 0; prompt < results.Count; prompt++)
        {
            for (int choice = 0; choice < answer.Request.Choices; choice++)
            {
                PromptRun run = answer.Runs[prompt];
                yield return (run.FirstChoice + choice, run.FinishWord(results[prompt].Choices[choice].Finish, choice));
            }
        }
    }

    /// <summary>What the client is told when a generation did not come to its own end; null when all did.</summary>
    private ApiException? Failure(RunningAnswer answer, IReadOnlyList<GenerationResult> results)
    {
        if (results.Any(result => result.Finish == FinishReason.Error))
        {
            return new ApiException(StatusCodes.Status500InternalServerError, "The model failed on this request; the service's log says why.", code: "step_failed", type: "server_error");
        }

        if (answer.Runs.Select(run => run.ConstraintError).FirstOrDefault(error => error is not null) is { } reason)
        {
            return new ApiException(StatusCodes.Status500InternalServerError, $"response_format: the answer could not be held to its schema: {reason}", "response_format", "constraint_failed", "server_error");
        }

        if (results.All(result => result.Finish != FinishReason.Cancelled))
        {
            return null;
        }

        return answer.Deadline is { } deadline && clock.GetUtcNow() >= deadline
            ? ApiException.DeadlineExceeded()
            : new ApiException(StatusCodes.Status503ServiceUnavailable, "The service is stopping; the answer was cut short.", code: "cancelled", type: "server_error")
            {
                Headers = { [ApiException.RetryAfter] = "5" },
            };
    }

    /// <summary>The settled figures when they are there or asked to be waited for, the profile's prediction otherwise.</summary>
    private async Task<TokenUsage> UsageAsync(RunningAnswer answer, IReadOnlyList<GenerationResult> results, RequestHeaders headers, CancellationToken cancellation)
    {
        if (headers.WaitForEnergy)
        {
            Task longest = Task.Delay(TimeSpan.FromSeconds(options.Value.EnergyWaitSeconds), clock, cancellation);
            await Task.WhenAny(Task.WhenAll(results.Select(result => result.Settled)), longest);
            cancellation.ThrowIfCancellationRequested();
        }

        int outputTokens = results.Sum(result => result.OutputTokens);
        UsageEnergy[] parts = [.. results.Select((result, prompt) => Energy(answer.Runs[prompt], result))];
        return new TokenUsage(answer.InputTokens, outputTokens, results.Sum(result => result.CachedTokens), UsageEnergySum.Of(parts, outputTokens));
    }

    private UsageEnergy Energy(PromptRun run, GenerationResult result)
    {
        string record = location.Of(run.Served.Id);
        return result.Settled.IsCompletedSuccessfully
            ? UsageEnergyMapper.Settled(result.Settled.Result.Energy, result.OutputTokens, factor.Current, record)
            : UsageEnergyMapper.Predicted(
                predictor.Predict(run.Served.ConfigurationId, run.Served.InputTokens, result.OutputTokens),
                engine.Meter.View(),
                result.OutputTokens,
                factor.Current,
                record);
    }
}
