using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Live;

/// <summary>The last minute of one device's power, oldest first. Immutable, so that a page may keep it while newer ones come.</summary>
/// <param name="Device">The device's id.</param>
/// <param name="BaselineWatts">Its resident baseline; null until one is known.</param>
/// <param name="Points">Points of the last <see cref="Span"/>, by time.</param>
public sealed record PowerHistory(string Device, double? BaselineWatts, IReadOnlyList<PowerPoint> Points)
{
    /// <summary>How far back it goes.</summary>
    public static readonly TimeSpan Span = TimeSpan.FromSeconds(60);

    public PowerPoint? Latest => Points.Count > 0 ? Points[^1] : null;

    public static PowerHistory Empty(string device) => new(device, null, []);

    /// <summary>With a frame's points added and those older than <see cref="Span"/> dropped. Points at or before the latest one are known already.</summary>
    public PowerHistory With(PowerFrame frame)
    {
        var last = Latest?.At ?? DateTimeOffset.MinValue;
        var added = frame.Points.Where(p => p.At > last && double.IsFinite(p.Watts)).OrderBy(p => p.At).ToList();
        var newest = added.Count > 0 ? added[^1].At : last;
        // One point before the span stays, so that a line drawn to the left edge has where to come from.
        var kept = Points.Concat(added).ToList();
        var first = kept.FindLastIndex(p => p.At < newest - Span);
        return new(Device, frame.Baseline?.Value ?? BaselineWatts, first > 0 ? kept[first..] : kept);
    }
}
