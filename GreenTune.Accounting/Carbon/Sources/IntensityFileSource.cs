using GreenTune.Core.Carbon;

namespace GreenTune.Accounting.Carbon.Sources;

/// <summary>A file as a source. It is read again when it has changed; values of a time to come are forecasts until then.</summary>
internal sealed class IntensityFileSource<TSignal>(string path) : IIntensitySource<TSignal>
    where TSignal : IIntensitySignal
{
    private static readonly TimeSpan Around = TimeSpan.FromDays(3);

    private DateTime _changed;
    private IReadOnlyList<IntensityReading<TSignal>>? _readings;

    public string Name => SourceNames.File;

    public string Zone { get; } = Path.GetFileName(path);

    public IReadOnlyList<SourceCall> Calls { get; } = [new(SourceCallKind.Latest, TimeSpan.FromMinutes(10))];

    public Task<SourceAnswer<TSignal>> FetchAsync(SourceCallKind kind, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            DateTime changed = File.GetLastWriteTimeUtc(path);
            bool anew = _readings is null || changed != _changed;
            if (anew)
            {
                _readings = IntensityFile.Read<TSignal>(path, now);
                _changed = changed;
            }

            // The whole file once; afterwards what is near now, whose forecasts become values.
            IEnumerable<IntensityReading<TSignal>> wanted = anew ? _readings! : _readings!.Where(reading => reading.To > now - Around && reading.From < now + Around);
            return Task.FromResult(new SourceAnswer<TSignal>([.. wanted.Select(reading => reading with { IsForecast = reading.From > now, FetchedAt = now })], []));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new IntensitySourceException($"The file of intensities cannot be read: {e.Message}", SourceFailure.Nonsense, inner: e);
        }
    }
}
