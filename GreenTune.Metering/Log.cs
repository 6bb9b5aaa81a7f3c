using Microsoft.Extensions.Logging;

namespace GreenTune.Metering;

internal static partial class Log
{
    [LoggerMessage(100, LogLevel.Information, "Metering {Device} ({Name}) by {Meter}: {Explanation}")]
    public static partial void Metering(ILogger logger, string device, string name, string meter, string explanation);

    [LoggerMessage(101, LogLevel.Warning, "The meter {Meter} of {Device} has a fault: {Fault}. Requests go on without measured energy.")]
    public static partial void Fault(ILogger logger, string meter, string device, string fault);

    [LoggerMessage(102, LogLevel.Information, "The meter {Meter} of {Device} works again.")]
    public static partial void Recovered(ILogger logger, string meter, string device);

    [LoggerMessage(103, LogLevel.Error, "Reading the meter {Meter} of {Device} failed unexpectedly.")]
    public static partial void Unexpected(ILogger logger, Exception exception, string meter, string device);

    [LoggerMessage(104, LogLevel.Error, "The meter {Meter} of {Device} has not answered for {Seconds} s: requests get no energy until it does.")]
    public static partial void Stuck(ILogger logger, string meter, string device, double seconds);

    [LoggerMessage(105, LogLevel.Warning, "Recording the meter to {File} has ended: {Reason}. Metering goes on.")]
    public static partial void RecordingEnded(ILogger logger, string file, string reason);

    [LoggerMessage(106, LogLevel.Warning, "Idle baselines are not remembered in {File}: {Reason}. They are measured anew at each start.")]
    public static partial void BaselinesNotKept(ILogger logger, string file, string reason);
}
