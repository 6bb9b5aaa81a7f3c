using System.Text.Json;
using System.Text.Json.Nodes;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Accounting;
using GreenTune.Inference.Chat;
using GreenTune.Inference.Energy;
using GreenTune.Metering;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.External;

/// <summary>The usage of a request on an upstream, with the energy block that every answer of this service has.</summary>
internal sealed class ExternalUsage(IDeviceMeter meter, EnergyPredictor predictor, CarbonFactorCache factor, RecordLocation location, IOptions<InferenceOptions> options, TimeProvider clock)
{
    /// <summary>Puts energy and, where the upstream gave none, estimated numbers of tokens into a chunk's or an answer's usage.</summary>
    /// <param name="answer">An object of OpenAI's API.</param>
    /// <param name="run">The request, which has ended.</param>
    /// <param name="headers">Whether it waits for the meter.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task AddAsync(JsonObject answer, ExternalRun run, RequestHeaders headers, CancellationToken cancellation)
    {
        if (headers.WaitForEnergy)
        {
            await Task.WhenAny(run.Settled, Task.Delay(TimeSpan.FromSeconds(options.Value.EnergyWaitSeconds), clock, cancellation));
            cancellation.ThrowIfCancellationRequested();
        }

        if (answer["usage"] is not JsonObject usage)
        {
            usage = [];
            answer["usage"] = usage;
        }

        if (!run.TokensAreKnown)
        {
            usage["prompt_tokens"] = run.InputTokens;
            usage["completion_tokens"] = run.OutputTokens;
            usage["total_tokens"] = run.InputTokens + run.OutputTokens;
            usage["estimated"] = run.TokensReason();
        }

        usage["energy"] = JsonSerializer.SerializeToNode(Energy(run), ContractJson.Options);
    }

    private UsageEnergy Energy(ExternalRun run)
    {
        string record = location.Of(run.Id);
        return run.Settled.IsCompletedSuccessfully
            ? UsageEnergyMapper.Settled(run.Settled.Result.Energy, run.OutputTokens, factor.Current, record)
            : UsageEnergyMapper.Predicted(predictor.Predict(run.Upstream.Id, run.InputTokens, run.OutputTokens), meter.View(), run.OutputTokens, factor.Current, record);
    }
}
