using GreenTune.Core.Profiles;
using GreenTune.Core.Units;
using GreenTune.Inference.Energy;
using GreenTune.Inference.Engine;
using GreenTune.Metering;
using GreenTune.Models.Tokenization;

namespace GreenTune.Inference.Configurations;

/// <summary>
/// Runs a freshly loaded configuration a few times: the first run pays for what ONNX Runtime sets up lazily, the later ones say what a token
/// takes and draws, which is the length profile until requests have been seen.
/// </summary>
internal sealed class WarmUp(IEngine engine, EnergyPredictor predictor, TimeProvider clock)
{
    private const int Runs = 3;
    private const int OutputTokens = 16;
    private static readonly TimeSpan LongestSettle = TimeSpan.FromSeconds(5);

    private static readonly ChatMessage[] Conversation =
    [
        new("user", "Warm up: read these words and answer with any others. The sun rises, the grid hums, and somewhere a meter counts what all of it takes."),
    ];

    /// <exception cref="InvalidOperationException">The model does not run.</exception>
    public async Task RunAsync(LoadedConfiguration configuration, CancellationToken cancellation)
    {
        int[] prompt = configuration.EncodeChat(Conversation);
        int room = configuration.Runner.ContextLength - prompt.Length;
        if (room < 1)
        {
            return;
        }

        GenerationResult? last = null;
        for (int run = 0; run < Runs; run++)
        {
            Generation generation = engine.Submit(
                new GenerationRequest
                {
                    Id = $"warm-up {configuration.Id}",
                    Model = configuration.Runner,
                    // A stop token would end the run before there is anything to time.
                    IgnoreStopTokens = true,
                    Prompt = prompt,
                    MaxTokens = Math.Min(OutputTokens, room),
                },
                cancellation);
            last = await generation.Completion;
            cancellation.ThrowIfCancellationRequested();
            if (last.Error is { } error)
            {
                throw new InvalidOperationException($"the model does not run: {error.Message}", error);
            }
        }

        if (last is { StartedAt: { } started, FirstTokenAt: { } first, OutputTokens: > 1 })
        {
            await Task.WhenAny(last.Settled, Task.Delay(LongestSettle, clock, cancellation));
            double prefill = (first - started).TotalSeconds / prompt.Length;
            double decode = (last.EndedAt - first).TotalSeconds / (last.OutputTokens - 1);
            if (last.Settled.IsCompletedSuccessfully && Power(last.Settled.Result, last.EndedAt - started) is var (active, idle))
            {
                predictor.SetWarmUp(configuration.Id, LengthProfile.FromWarmUp(prefill, decode, active, idle));
            }
        }
    }

    /// <summary>Null without a meter.</summary>
    private static (Watts Active, Watts Idle)? Power(SettledRequest settled, TimeSpan took) =>
        settled.Energy is { ActiveJoules: { } active, IdleJoules: { } idle } && took > TimeSpan.Zero
            ? (Max(active / took), Max(idle / took))
            : null;

    /// <summary>A short run's active power may come out below zero from noise.</summary>
    private static Watts Max(Watts power) => new(Math.Max(0, power.Value));
}
