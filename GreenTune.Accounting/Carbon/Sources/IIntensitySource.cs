using GreenTune.Core.Carbon;

namespace GreenTune.Accounting.Carbon.Sources;

/// <summary>What may be asked of a source.</summary>
internal enum SourceCallKind
{
    /// <summary>The value of now.</summary>
    Latest,

    /// <summary>The last day's values, which have become better since they were latest.</summary>
    History,

    /// <summary>What is to come.</summary>
    Forecast,
}

/// <summary>A kind of call and how often it is made: one per zone and period.</summary>
internal readonly record struct SourceCall(SourceCallKind Kind, TimeSpan Period);

/// <summary>What came back.</summary>
/// <param name="Readings">Sound values.</param>
/// <param name="Skipped">Values that were not taken, one sentence each.</param>
internal sealed record SourceAnswer<TSignal>(IReadOnlyList<IntensityReading<TSignal>> Readings, IReadOnlyList<string> Skipped)
    where TSignal : IIntensitySignal;

/// <summary>A live source of one signal. Makes one call when told to; when that is, the refresher decides.</summary>
internal interface IIntensitySource<TSignal>
    where TSignal : IIntensitySignal
{
    /// <summary>Name in provenance, for example "Electricity Maps".</summary>
    string Name { get; }

    /// <summary>The zone in the source's own code.</summary>
    string Zone { get; }

    IReadOnlyList<SourceCall> Calls { get; }

    /// <exception cref="IntensitySourceException">There is no answer, or none that can be used.</exception>
    Task<SourceAnswer<TSignal>> FetchAsync(SourceCallKind kind, DateTimeOffset now, CancellationToken cancellation);
}

/// <summary>What kind of failure, which decides when it is worth another try.</summary>
internal enum SourceFailure
{
    /// <summary>Time-out, 5xx, 429, broken connection: soon again.</summary>
    Passing,

    /// <summary>401, 403, 404: somebody has to change something first.</summary>
    Refused,

    /// <summary>An answer that cannot be understood or is of another zone.</summary>
    Nonsense,
}

/// <summary>A call gave nothing. The message never holds a key.</summary>
internal sealed class IntensitySourceException(string message, SourceFailure failure, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    public SourceFailure Failure { get; } = failure;

    /// <summary>How long the source asked to be left alone.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}

/// <summary>Names in Carbon:Average and Carbon:Marginal.</summary>
internal static class SourceNames
{
    public const string ElectricityMaps = "ElectricityMaps";
    public const string UkCarbonIntensity = "UkCarbonIntensity";
    public const string WattTime = "WattTime";
    public const string File = "File";

    public static readonly string[] Average = [ElectricityMaps, UkCarbonIntensity, File];
    public static readonly string[] Marginal = [WattTime, File];
}
