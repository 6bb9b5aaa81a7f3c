using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace GreenTune.Inference.Records;

/// <summary>Says when records cannot be kept on disk.</summary>
internal sealed class OutboxCheck(Outbox outbox) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(outbox.Problem is { } problem
            ? HealthCheckResult.Degraded($"records wait in memory: {problem}")
            : HealthCheckResult.Healthy($"{outbox.Bytes} bytes of records wait for Accounting"));
}
