using GreenTune.Core.Attribution;
using GreenTune.Core.Units;
using GreenTune.Inference.Engine.Sampling;

namespace GreenTune.Inference.Engine.Scheduling;

/// <summary>Prompts: in pieces under the budget, or several short ones in one step where the device gains by it.</summary>
internal sealed partial class BatchSteps
{
    /// <summary>Prompts of a step may be this much longer than its shortest: what is padded is computed for nothing.</summary>
    private const double LongerAtMost = 1.2;

    private void Prefill(SchedulingSettings settings)
    {
        int budget = _batches.Values.Any(batch => batch.Tables.Any(table => table.Rows.Any(row => row.Decodes))) ? settings.PrefillTokens : settings.PrefillTokensAlone;
        while (budget > 0 && _prompts.First is { } first)
        {
            if (Fork(first.Value))
            {
                _prompts.RemoveFirst();
                continue;
            }

            Sequence[] rows = Together(first.Value, budget);
            try
            {
                budget -= rows.Length > 1 ? PrefillTogether(rows) : PrefillPiece(rows[0], budget);
            }
#pragma warning disable CA1031 // Whatever a step throws fails its requests and leaves the engine serving.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Fail(rows, e);
            }
        }
    }

    /// <summary>One prompt, or as much of it as the budget holds. Returns the tokens computed.</summary>
    private int PrefillPiece(Sequence sequence, int budget)
    {
        GenerationRequest request = sequence.Generation.Request;
        int past = sequence.Past;
        int count = Math.Min(budget, sequence.PromptGoal - past);
        bool last = past + count == sequence.PromptGoal;
        bool wantLogits = last && sequence.PaddedPrompt is null && (sequence.Sampler is not null || (request.ScoredTokens is not null && sequence.Output == 0));
        MonotonicTime start = meter.Now;
        request.Model.Prefill(sequence.Place!.Value, 1, Padded(sequence, past, count, sequence.PromptGoal), past, wantLogits, _next);
        SampledToken chosen = last && sequence.PaddedPrompt is null ? Choose(sequence, _next[0], 0) : default;
        MonotonicTime end = meter.Now;
        meter.Step(new StepRecord(start, end, StepPhase.Prefill, request.Model.Work, [new StepRow(sequence.Generation.Handle.MeterKey, count, past)]));
        Computed(sequence, count, start);
        if (last)
        {
            Prefilled(sequence, chosen, end);
        }

        return count;
    }

    /// <summary>Several prompts from their beginning, the shorter ones padded to the longest. Returns the tokens computed.</summary>
    private int PrefillTogether(Sequence[] rows)
    {
        IModelRunner model = rows[0].Model;
        int longest = rows.Max(row => row.PromptGoal);
        int[] tokens = new int[rows.Length * longest];
        bool wantLogits = false;
        for (int row = 0; row < rows.Length; row++)
        {
            if (rows[row].Length < longest)
            {
                rows[row].PaddedPrompt = longest;
            }

            Padded(rows[row], 0, longest, longest).CopyTo(tokens.AsSpan(row * longest));
            wantLogits |= rows[row].Sampler is not null && rows[row].PaddedPrompt is null;
        }

        Reserve(rows.Length);
        MonotonicTime start = meter.Now;
        model.Prefill(rows[0].Place!.Value, rows.Length, tokens, 0, wantLogits, _next);
        SampledToken[] chosen = [.. rows.Select((sequence, row) => sequence.PaddedPrompt is null ? Choose(sequence, _next[row], row) : default)];
        MonotonicTime end = meter.Now;
        meter.Step(new StepRecord(start, end, StepPhase.Prefill, model.Work, [.. rows.Select(row => new StepRow(row.Generation.Handle.MeterKey, longest, 0))]));
        for (int row = 0; row < rows.Length; row++)
        {
            Computed(rows[row], longest, start);
        }

        for (int row = 0; row < rows.Length; row++)
        {
            Prefilled(rows[row], chosen[row], end);
        }

        return tokens.Length;
    }

    /// <summary>The first prompt and those in the slots behind it that one step may take with it: all from their beginning, of like length, within the budget.</summary>
    private Sequence[] Together(Sequence first, int budget)
    {
        IModelRunner model = first.Model;
        if (model.MaxPrefillRows == 1 || !Joins(first))
        {
            return [first];
        }

        RowPlace place = first.Place!.Value;
        Dictionary<int, Sequence> bySlot = _prompts
            .Where(other => other.Model == model && Joins(other) && other.Place!.Value is var at && at.Class == place.Class && at.Adapter == place.Adapter)
            .ToDictionary(other => other.Place!.Value.Slot);
        var rows = new List<Sequence> { first };
        int shortest = first.PromptGoal;
        int longest = shortest;
        budget = Math.Min(budget, model.MaxPrefillTokens);
        while (rows.Count < model.MaxPrefillRows && bySlot.TryGetValue(place.Slot + rows.Count, out Sequence? next))
        {
            shortest = Math.Min(shortest, next.PromptGoal);
            longest = Math.Max(longest, next.PromptGoal);
            if (longest > shortest * LongerAtMost || (rows.Count + 1) * longest > budget)
            {
                break;
            }

            rows.Add(next);
        }

        return [.. rows];
    }

    /// <summary>A prompt of one token has nothing behind which padding could be taken back, and a scored one needs its own last position.</summary>
    private static bool Joins(Sequence sequence) => sequence.Past == 0 && sequence.Length > 1 && sequence.Generation.Request is { ScoredTokens: null, Choices: 1 };

    private static void Computed(Sequence sequence, int count, MonotonicTime start)
    {
        sequence.Generation.StartedAt ??= start;
        sequence.Generation.ComputedTokens += count;
        sequence.Past += count;
    }

    /// <summary>A prompt is in the KV memory: its row has its first token, or decodes for it where the prompt was padded.</summary>
    private void Prefilled(Sequence sequence, SampledToken chosen, MonotonicTime at)
    {
        GenerationRequest request = sequence.Generation.Request;
        _prompts.Remove(sequence);
        _batches[request.Model].Prefixes.Keep(sequence.InStaticBatch ? null : request.Tenant, sequence.Place!.Value, request.Prompt);
        if (sequence.PaddedPrompt is null)
        {
            Accept(sequence, chosen, at);
            return;
        }

        // The padding goes: the last true token is computed again by the next decode step, which writes over it.
        sequence.Past = sequence.Length - 1;
        sequence.PaddedPrompt = null;
    }

    /// <summary>A stretch of a row's tokens, its last one repeated behind its end.</summary>
    private static ReadOnlySpan<int> Padded(Sequence sequence, int at, int count, int goal)
    {
        ReadOnlySpan<int> tokens = sequence.Tokens;
        if (goal == tokens.Length)
        {
            return tokens.Slice(at, count);
        }

        int[] padded = new int[count];
        Array.Fill(padded, tokens[^1]);
        if (at < tokens.Length)
        {
            tokens.Slice(at, Math.Min(count, tokens.Length - at)).CopyTo(padded);
        }

        return padded;
    }

    /// <summary>Takes over what another choice of the same prompt has computed already, but for the last token.</summary>
    private static bool Fork(Sequence sequence)
    {
        int shared = sequence.Generation.Request.Prompt.Length - 1;
        Sequence? computed = sequence.Output > 0 || shared < 1
            ? null
            : sequence.Generation.Sequences.FirstOrDefault(other => other != sequence && other.Past >= shared && other.Place is not null);
        if (computed is null || sequence.PaddedPrompt is not null)
        {
            return false;
        }

        sequence.Model.CopyRow(computed.Place!.Value, sequence.Place!.Value, shared);
        sequence.Past = shared;
        return sequence.Decodes;
    }
}
