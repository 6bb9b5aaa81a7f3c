using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Metering.Baselines;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering;

/// <content>What the sampler's thread does.</content>
public sealed partial class DeviceMeter
{
    /// <summary>Reads the sensor once and settles what can be settled. Called by one thread at a time.</summary>
    internal void Tick()
    {
        MonotonicTime now = Now;
        SourceStatus status;
        _readings.Clear();
        try
        {
            status = _source.Read(now, _readings);
        }
        catch (Exception problem)
        {
            Log.Unexpected(_logger, problem, _description.Meter, DeviceId);
            status = SourceStatus.Failed(problem.Message);
        }
        Settle(status, now);
        Interlocked.Exchange(ref _lastTick, Now.Ticks);
        _stuck = false;
    }

    /// <summary>Reads the device's state, on the watchdog's thread: it may take milliseconds.</summary>
    internal void ReadFacts()
    {
        // A driver that hangs holds one thread, not one more each second.
        if (_source is not IDeviceFactsSource source || _stopped || Interlocked.Exchange(ref _readingFacts, 1) == 1)
            return;
        try
        {
            _facts = source.ReadFacts();
            _factsFailed = false;
        }
        catch (Exception problem)
        {
            if (!_factsFailed)
                Log.Unexpected(_logger, problem, _description.Meter, DeviceId);
            (_facts, _factsFailed) = (null, true);
        }
        finally
        {
            Volatile.Write(ref _readingFacts, 0);
        }
    }

    /// <summary>Gives the waiting requests up when the thread hangs in the sensor's driver, whose calls cannot be interrupted.</summary>
    internal void Watch()
    {
        double seconds = (Now.Ticks - Interlocked.Read(ref _lastTick)) / (double)TimeSpan.TicksPerSecond;
        if (seconds < StuckAfter.TotalSeconds)
            return;
        if (!_stuck)
            Log.Stuck(_logger, _description.Meter, DeviceId, Math.Round(seconds));
        _stuck = true;
        AnswerAll(FormattableString.Invariant($"the meter has not answered for {seconds:0} s"));
        EndCalibration(new(null, [], FormattableString.Invariant($"the meter has not answered for {seconds:0} s")));
    }

    private void Settle(in SourceStatus status, MonotonicTime now)
    {
        if (_failure is { } failure)
        {
            AnswerAll(failure);
            return;
        }
        string? fault;
        CalibrationResult? calibrated;
        _settled.Clear();
        try
        {
            lock (_gate)
            {
                _core.Take(status, now, _readings);
                MonotonicTime told = Now;
                TakeEvents();
                _core.Settle(told, _settled);
                fault = _core.Fault;
                calibrated = _core.TakeCalibrated();
                foreach (Settlement settlement in _settled)
                    Answer(settlement.Request, new(settlement.Energy, settlement.MeanRowsInFlight, settlement.Baseline));
            }
        }
        catch (Exception problem)
        {
            // A mistake here must not take the service down, nor leave a request waiting.
            Log.Unexpected(_logger, problem, _description.Meter, DeviceId);
            _failure = $"the meter failed: {problem.Message}";
            AnswerAll(_failure);
            EndCalibration(new(null, [], _failure));
            return;
        }
        foreach (Settlement settlement in _settled)
            _telemetry?.Settled(settlement.Energy);
        Complete();
        EndCalibration(calibrated);
        NameFault(fault);
    }

    private void TakeEvents()
    {
        for (int left = _events.Count; left > 0 && _events.TryDequeue(out MeterEvent happened); left--)
        {
            if (happened.Kind == MeterEventKind.Finish)
                TakeFinish(happened);
            else if (_failure is null)
                _core.Tell(happened);
        }
    }

    private void TakeFinish(in MeterEvent happened)
    {
        if (_waiting.TryGetValue(happened.Request, out TaskCompletionSource<SettledRequest>? earlier))
        {
            // Ended twice: the second caller gets what the first one gets.
            TaskCompletionSource<SettledRequest> second = happened.Waiter;
            earlier.Task.ContinueWith(task => second.TrySetResult(task.Result), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
        else if (!_core.Knows(happened.Request))
        {
            _done.Add((happened.Waiter, None(_failure ?? (_stopped ? "the meter was stopped" : "the request was not admitted to this meter, or had ended before"))));
        }
        else
        {
            _waiting.Add(happened.Request, happened.Waiter);
            _core.Tell(happened);
        }
    }

    private void Answer(long request, SettledRequest settled)
    {
        if (_waiting.Remove(request, out TaskCompletionSource<SettledRequest>? waiter))
            _done.Add((waiter, settled));
    }

    /// <summary>Gives up all who wait, without the sampler's thread.</summary>
    private void AnswerAll(string reason)
    {
        lock (_gate)
        {
            TakeEvents();
            foreach ((long request, TaskCompletionSource<SettledRequest> waiter) in _waiting)
            {
                _core.GiveUp(request, reason);
                _done.Add((waiter, None(reason)));
            }
            _waiting.Clear();
        }
        Complete();
    }

    private void Complete()
    {
        (TaskCompletionSource<SettledRequest> Waiter, SettledRequest Settled)[] done;
        lock (_gate)
        {
            if (_done.Count == 0)
                return;
            done = [.. _done];
            _done.Clear();
        }
        foreach ((TaskCompletionSource<SettledRequest> waiter, SettledRequest settled) in done)
            waiter.TrySetResult(settled);
    }

    private void NameFault(string? fault)
    {
        if (fault == _namedFault)
            return;
        // A device without a meter has said so when it began.
        if (_description.Quality != EnergyQuality.None)
        {
            if (fault is not null)
                Log.Fault(_logger, _description.Meter, DeviceId, fault);
            else
                Log.Recovered(_logger, _description.Meter, DeviceId);
        }
        _namedFault = fault;
    }
}
