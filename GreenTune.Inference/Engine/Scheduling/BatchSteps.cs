using GreenTune.Core.Attribution;
using GreenTune.Core.Units;
using GreenTune.Inference.Engine.Sampling;
using GreenTune.Metering;

namespace GreenTune.Inference.Engine.Scheduling;

/// <summary>
/// The steps of the running batch: prompts in pieces of at most the token budget, then one decode step of every stretch of rows. Owner thread only.
/// </summary>
internal sealed partial class BatchSteps(IDeviceMeter meter, Action<ActiveGeneration> ended, Action<Sequence> homeless, ILogger logger)
{
    private readonly Dictionary<IModelRunner, ModelBatch> _batches = [];
    private readonly List<ActiveGeneration> _active = [];
    private readonly LinkedList<Sequence> _prompts = [];
    private readonly List<(IModelRunner Model, Func<bool> Waits, TaskCompletionSource Done)> _retiring = [];
    private int[] _tokens = new int[64];
    private int[] _next = new int[64];
    private int _running;

    /// <summary>Generations with a row, or with one that waits for it again.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Rows in use.</summary>
    public int Rows { get; private set; }

    public bool HasRoom(GenerationRequest request)
    {
        if (!_batches.TryGetValue(request.Model, out ModelBatch? batch))
        {
            return true;
        }

        return batch.HasRoom(request);
    }

    /// <summary>Gives a sequence a row; false when there is none for it now.</summary>
    public bool TryPlace(Sequence sequence, SchedulingSettings settings)
    {
        if (!_batches.TryGetValue(sequence.Model, out ModelBatch? batch))
        {
            batch = new ModelBatch(sequence.Model, settings.PrefixCacheBytes);
            _batches.Add(sequence.Model, batch);
        }

        if (!_active.Contains(sequence.Generation))
        {
            _active.Add(sequence.Generation);
            Volatile.Write(ref _running, _active.Count);
        }

        if (!batch.TryPlace(sequence))
        {
            return false;
        }

        Rows++;
        if (!sequence.Decodes)
        {
            _prompts.AddLast(sequence);
        }

        return true;
    }

    /// <summary>One round: prompts within the budget, then a decode step of every row.</summary>
    public void Step(SchedulingSettings settings)
    {
        Prefill(settings);
        foreach (ModelBatch batch in _batches.Values.ToArray())
        {
            Decode(batch);
        }

        EndStaticBatch();
    }

    /// <summary>Ends every generation for which it is so as cancelled.</summary>
    public void EndWhere(Func<ActiveGeneration, bool> cancelled)
    {
        for (int i = _active.Count - 1; i >= 0; i--)
        {
            ActiveGeneration active = _active[i];
            if (cancelled(active))
            {
                EndAll(active, FinishReason.Cancelled);
            }
        }
    }

    /// <summary>Ends one choice; with the last one its generation ends.</summary>
    public void End(Sequence sequence, FinishReason finish)
    {
        if (sequence.Finish is not null && sequence.Place is null && !_active.Contains(sequence.Generation))
        {
            return;
        }

        sequence.Finish ??= finish;
        ActiveGeneration active = sequence.Generation;
        active.End(sequence, finish);
        Release(sequence);
        if (active.Ended && _active.Remove(active))
        {
            Volatile.Write(ref _running, _active.Count);
            ended(active);
        }
    }

    /// <summary>Disposes a model once nothing runs on it or waits for it.</summary>
    public Task Retire(IModelRunner model, Func<bool> waits)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _retiring.Add((model, waits, done));
        return done.Task;
    }

    private void EndAll(ActiveGeneration active, FinishReason finish)
    {
        foreach (Sequence sequence in active.Sequences)
        {
            if (sequence.Finish is null || sequence.Place is not null)
            {
                End(sequence, finish);
            }
        }
    }

    private void Release(Sequence sequence)
    {
        _prompts.Remove(sequence);
        if (sequence.Place is not null)
        {
            _batches[sequence.Model].Remove(sequence);
            Rows--;
        }
    }

    /// <summary>Disposes the models that nothing runs on any more.</summary>
    public void EndRetired()
    {
        for (int i = _retiring.Count - 1; i >= 0; i--)
        {
            (IModelRunner model, Func<bool> waits, TaskCompletionSource done) = _retiring[i];
            if (!waits() && !_active.Exists(active => active.Request.Model == model))
            {
                _retiring.RemoveAt(i);
                if (_batches.Remove(model, out ModelBatch? batch))
                {
                    batch.Prefixes.Clear();
                }

                model.Dispose();
                done.SetResult();
            }
        }
    }

    private void Decode(ModelBatch batch)
    {
        foreach (RowTable table in batch.Tables)
        {
            foreach (Sequence full in table.Rows.Where(row => row.Decodes && row.Past >= table.Capacity).ToArray())
            {
                if (full.Finish is not null)
                {
                    // Padding of a static batch needs no more room.
                    Release(full);
                }
                else if (!batch.TryGrow(full))
                {
                    Rows--;
                    homeless(full);
                }
            }

            foreach ((int first, int count) in table.Arrange(batch.Model.MaxBatch))
            {
                Sequence[] rows = [.. Enumerable.Range(first, count).Select(slot => table[slot])];
                try
                {
                    Decode(batch.Model, table, first, rows);
                }
#pragma warning disable CA1031 // Whatever a step throws fails its requests and leaves the engine serving.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    Fail(rows, e);
                }
            }
        }
    }

    private void Decode(IModelRunner model, RowTable table, int first, Sequence[] rows)
    {
        Reserve(rows.Length);
        bool wantLogits = false;
        for (int row = 0; row < rows.Length; row++)
        {
            _tokens[row] = rows[row].Tokens[^1];
            wantLogits |= rows[row].Sampler is not null || (rows[row].Output == 0 && rows[row].Generation.Request.ScoredTokens is not null);
        }

        var metered = new StepRow[rows.Length];
        MonotonicTime start = meter.Now;
        model.Decode(rows[0].Place!.Value, _tokens.AsSpan(0, rows.Length), table.Past(first), wantLogits, _next.AsSpan(0, rows.Length));
        var chosen = new SampledToken[rows.Length];
        for (int row = 0; row < rows.Length; row++)
        {
            rows[row].Generation.StartedAt ??= start;
            metered[row] = new StepRow(rows[row].Generation.Handle.MeterKey, 1, rows[row].Past);
            chosen[row] = rows[row].Finish is null ? Choose(rows[row], _next[row], row) : new SampledToken(_next[row], null);
        }

        MonotonicTime end = meter.Now;
        meter.Step(new StepRecord(start, end, StepPhase.Decode, model.Work, metered));
        for (int row = 0; row < rows.Length; row++)
        {
            rows[row].Past++;
            rows[row].Generation.ComputedTokens++;
            Accept(rows[row], chosen[row], end);
        }
    }

    private void Reserve(int rows)
    {
        if (_tokens.Length < rows)
        {
            Array.Resize(ref _tokens, rows * 2);
            Array.Resize(ref _next, rows * 2);
        }
    }

    private static SampledToken Choose(Sequence sequence, int token, int row)
    {
        GenerationRequest request = sequence.Generation.Request;
        if (request.ScoredTokens is { } scored && sequence.Output == 0 && sequence.Generation.Scores is null)
        {
            ReadOnlySpan<float> logits = request.Model.Logits(row);
            float[] scores = new float[scored.Length];
            for (int i = 0; i < scored.Length; i++)
            {
                scores[i] = logits[scored[i]];
            }

            sequence.Generation.Scores = scores;
        }

        if (sequence.Sampler is not { } sampler)
        {
            return new SampledToken(token, null);
        }

        if (sequence.Constraint is not { } constraint)
        {
            return sampler.Draw(request.Model.Logits(row));
        }

        SampledToken chosen = sampler.Draw(constraint.Allow(request.Model.Logits(row)));
        constraint.Accept(chosen.Id);
        return chosen;
    }

    /// <summary>Takes a row's new token and ends the row where it has to.</summary>
    private void Accept(Sequence sequence, SampledToken chosen, MonotonicTime at)
    {
        ActiveGeneration active = sequence.Generation;
        GenerationRequest request = active.Request;
        sequence.Append(chosen.Id);
        if (sequence.Finish is not null)
        {
            // Padding of a static batch: computed, and of no use.
            return;
        }

        active.FirstTokenAt ??= at;
        if (!request.IgnoreStopTokens && request.Model.IsStop(chosen.Id))
        {
            Finish(sequence, FinishReason.Stop);
            return;
        }

        active.Handle.Emit(new GeneratedToken(sequence.Choice, chosen.Id, chosen.LogProbability));
        if (sequence.Watch is { } watch && watch(chosen.Id))
        {
            Finish(sequence, FinishReason.Stop);
        }
        else if (sequence.Output >= request.MaxTokens || sequence.Length >= request.Model.ContextLength)
        {
            Finish(sequence, FinishReason.Length);
        }
    }

    private void Finish(Sequence sequence, FinishReason finish)
    {
        if (!sequence.InStaticBatch)
        {
            End(sequence, finish);
            return;
        }

        sequence.Finish = finish;
        sequence.Generation.End(sequence, finish);
    }

    /// <summary>A static batch ends as a whole, once its last answer has.</summary>
    private void EndStaticBatch()
    {
        if (_active.Count > 0 && _active.TrueForAll(active => active.Ended))
        {
            foreach (ActiveGeneration active in _active.ToArray())
            {
                EndAll(active, FinishReason.Stop);
            }
        }
    }

    private void Fail(Sequence[] rows, Exception error)
    {
        foreach (ActiveGeneration active in rows.Select(row => row.Generation).Distinct())
        {
            LogFailed(error, active.Request.Id, active.Request.Model.ConfigurationId);
            active.Error = error;
            EndAll(active, FinishReason.Error);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Request {Request} on {Configuration} failed in a step; the engine goes on")]
    private partial void LogFailed(Exception exception, string request, string configuration);
}
