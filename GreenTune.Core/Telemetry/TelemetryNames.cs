namespace GreenTune.Core.Telemetry;

/// <summary>
/// Names of sources, instruments and attributes, in one place since the conventions behind them still move:
/// https://github.com/open-telemetry/semantic-conventions-genai and https://opentelemetry.io/docs/specs/semconv/hardware/.
/// What no convention covers starts with "greentune.".
/// </summary>
public static class TelemetryNames
{
    /// <summary>Activity source and meter of Inference.</summary>
    public const string Inference = "GreenTune.Inference";

    /// <summary>Activity source and meter of the power meter.</summary>
    public const string Metering = "GreenTune.Metering";

    /// <summary>Activity source and meter of Accounting.</summary>
    public const string Accounting = "GreenTune.Accounting";

    /// <summary>Activity source of EF Core's commands, which has none of its own.</summary>
    public const string Database = "GreenTune.Database";

    // GenAI spans and metrics.
    public const string OperationName = "gen_ai.operation.name";
    public const string ProviderName = "gen_ai.provider.name";
    public const string RequestModel = "gen_ai.request.model";
    public const string RequestMaxTokens = "gen_ai.request.max_tokens";
    public const string RequestTemperature = "gen_ai.request.temperature";
    public const string RequestTopP = "gen_ai.request.top_p";
    public const string RequestSeed = "gen_ai.request.seed";
    public const string RequestStream = "gen_ai.request.stream";
    public const string ResponseId = "gen_ai.response.id";
    public const string ResponseModel = "gen_ai.response.model";
    public const string ResponseFinishReasons = "gen_ai.response.finish_reasons";
    public const string ResponseTimeToFirstChunk = "gen_ai.response.time_to_first_chunk";
    public const string UsageInputTokens = "gen_ai.usage.input_tokens";
    public const string UsageOutputTokens = "gen_ai.usage.output_tokens";
    public const string UsageCachedInputTokens = "gen_ai.usage.cache_read.input_tokens";
    public const string ConversationId = "gen_ai.conversation.id";
    public const string ErrorType = "error.type";
    public const string ServerRequestDuration = "gen_ai.server.request.duration";
    public const string ServerTimeToFirstToken = "gen_ai.server.time_to_first_token";
    public const string ServerTimePerOutputToken = "gen_ai.server.time_per_output_token";
    public const string TokenUsage = "gen_ai.client.token.usage";
    public const string TokenType = "gen_ai.token.type";

    // Hardware.
    public const string HardwareEnergy = "hw.energy";
    public const string HardwarePower = "hw.power";
    public const string HardwareId = "hw.id";
    public const string HardwareType = "hw.type";
    public const string HardwareName = "hw.name";

    // Ours.
    public const string RequestEnergy = "greentune.request.energy";
    public const string Energy = "greentune.energy";
    public const string CarbonEmissions = "greentune.carbon.emissions";
    public const string CarbonIntensity = "greentune.carbon.intensity";
    public const string Phase = "greentune.phase";
    // How a figure of energy was come by: measured, modelled, estimated or none.
    public const string EnergyQuality = "greentune.energy.source";
    public const string RequestId = "greentune.request.id";
    public const string Configuration = "greentune.configuration";
    public const string Tenant = "greentune.tenant";
    public const string Joules = "greentune.energy.joules";
    public const string ActiveJoules = "greentune.energy.active_joules";
    public const string PrefillJoules = "greentune.energy.prefill_joules";
    public const string DecodeJoules = "greentune.energy.decode_joules";
    public const string IdleJoules = "greentune.energy.idle_joules";
    public const string RelativeUncertainty = "greentune.energy.relative_uncertainty";
    public const string CO2eGrams = "greentune.carbon.co2e_grams";
    public const string QueueSeconds = "greentune.queue.duration";
    public const string Steps = "greentune.engine.steps";
}
