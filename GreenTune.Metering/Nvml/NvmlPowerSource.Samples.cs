using GreenTune.Core.Units;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering.Nvml;

/// <content>The driver's own buffer of power samples.</content>
public sealed partial class NvmlPowerSource
{
    private TimeSpan ProbeSamples(out NvmlReturn code)
    {
        code = _nvml.PowerSamples(_device, 0, [], out _, out uint capacity);
        if (code == NvmlReturn.Success)
        {
            _buffer = new NvmlSample[Math.Clamp((int)capacity, 16, 65536)];
            code = _nvml.PowerSamples(_device, 0, _buffer, out NvmlValueType type, out uint count);
            if (code == NvmlReturn.Success && count > 0 && _buffer[0].Value.As(type) is not null)
            {
                _field = SampleField.Buffer;
                return Spacing(_buffer.AsSpan(0, (int)Math.Min(count, (uint)_buffer.Length)));
            }
        }
        var field = new NvmlFieldValue { FieldId = PowerInstantField };
        NvmlReturn instant = _nvml.FieldValue(_device, ref field);
        if (instant == NvmlReturn.Success && field.Return == NvmlReturn.Success && field.Value.As(field.ValueType) is not null)
        {
            _field = SampleField.Instant;
            return PolledPeriod;
        }
        NvmlReturn usage = _nvml.PowerUsage(_device, out _);
        if (usage == NvmlReturn.Success)
        {
            _field = SampleField.Usage;
            return PolledPeriod;
        }
        code = usage;
        return PolledPeriod;
    }

    /// <summary>Median distance of the stamps.</summary>
    private static TimeSpan Spacing(ReadOnlySpan<NvmlSample> samples)
    {
        var stamps = new List<ulong>();
        foreach (NvmlSample sample in samples)
            stamps.Add(sample.TimeStamp);
        stamps.Sort();
        var distances = new List<ulong>();
        for (int i = 1; i < stamps.Count; i++)
        {
            if (stamps[i] > stamps[i - 1])
                distances.Add(stamps[i] - stamps[i - 1]);
        }
        if (distances.Count == 0)
            return DefaultSamplePeriod;
        distances.Sort();
        return TimeSpan.FromMicroseconds(Math.Clamp(distances[distances.Count / 2], 1_000ul, 1_000_000ul));
    }

    private NvmlReturn ReadBuffer(MonotonicTime now, PowerReadings into)
    {
        // After the clock was set back, nothing would be newer than the last stamp for a while: ask for all, the mapping drops what is old.
        ulong since = _clock.Jumped ? 0 : _lastStamp;
        NvmlReturn code = _nvml.PowerSamples(_device, since, _buffer, out NvmlValueType type, out uint count);
        if (code is NvmlReturn.NotFound or NvmlReturn.NoData)
            return NvmlReturn.Success; // nothing new
        if (code == NvmlReturn.InsufficientSize)
        {
            _buffer = new NvmlSample[Math.Clamp(2 * _buffer.Length, 16, 65536)];
            return NvmlReturn.Success;
        }
        if (code != NvmlReturn.Success)
            return code;
        Span<NvmlSample> samples = _buffer.AsSpan(0, (int)Math.Min(count, (uint)_buffer.Length));
        samples.Sort(static (a, b) => a.TimeStamp.CompareTo(b.TimeStamp));
        bool first = _lastSample is null;
        if (_clock.Jumped)
            NoteOverhang(samples, now);
        else if (samples.Length > 0 && _overhang.Count == 0)
            _clock.Check(samples[^1].TimeStamp, now);
        ulong newest = 0;
        foreach (ref readonly NvmlSample sample in samples)
        {
            // Entries that were never filled have no stamp; what was there before we began is history.
            if (sample.TimeStamp == 0 || sample.Value.As(type) is not { } milliwatts)
                continue;
            bool before = _overhang.Contains(sample.TimeStamp);
            if (before && !_clock.Jumped)
                continue;
            if (!before)
                newest = sample.TimeStamp;
            if (_clock.Map(sample.TimeStamp, _lastSample + _stampLag, now) - _stampLag is { } at && (!first || at > now - TimeSpan.FromSeconds(1)))
                Add(at, milliwatts, into);
        }
        if (newest > 0 || _clock.Jumped)
            _lastStamp = newest;
        if (_overhang.Count > 0 && _lastStamp > _overhang[^1])
            _overhang.Clear();
        return code;
    }

    /// <summary>
    /// The clock was set back: samples from before carry stamps that are still to come. They stay in the driver's buffer for seconds, and are told from the
    /// new ones, which will pass through the same times, by their very microseconds.
    /// </summary>
    private void NoteOverhang(ReadOnlySpan<NvmlSample> samples, MonotonicTime now)
    {
        _overhang.Clear();
        foreach (ref readonly NvmlSample sample in samples)
        {
            if (_clock.IsAhead(sample.TimeStamp, now))
                _overhang.Add(sample.TimeStamp);
        }
    }
}
