namespace GreenTune.Inference.Records;

/// <summary>How this process names itself in what it sends to Accounting.</summary>
internal static class ServiceInstance
{
    /// <summary>"GreenTune.Inference-host-1234": what runs, where, and as which process.</summary>
    public static string Of(IHostEnvironment environment) => $"{environment.ApplicationName}-{Environment.MachineName}-{Environment.ProcessId}";
}
