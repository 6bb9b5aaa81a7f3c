using GreenTune.Core.Contracts;
using GreenTune.Core.Scoring;

namespace GreenTune.Accounting.ThreeE;

/// <summary>The latest plan, bootstrapped.</summary>
internal sealed record EvaluatedPlan(PlanSummary Summary, PlanEvaluation Evaluation);

/// <summary>
/// Puts settings and the latest plan together. The plan's bootstrap is kept, so that moving a weight costs milliseconds. Thread-safe.
/// </summary>
internal sealed class ThreeEService(PlanStore plans, SettingsStore settings) : IDisposable
{
    private readonly SemaphoreSlim _evaluating = new(1, 1);
    private volatile EvaluatedPlan? _latest;

    public async Task<ThreeEView> ViewAsync(CancellationToken cancellation) => await ViewAsync(await settings.CurrentAsync(cancellation), cancellation);

    /// <summary>What <paramref name="tried"/> would give, saved or not.</summary>
    public async Task<ThreeEView> ViewAsync(ThreeESettings tried, CancellationToken cancellation)
    {
        if (await LatestAsync(cancellation) is not { } plan)
        {
            return new ThreeEView { Settings = tried, Ranking = [], Auto = AutoChooser.WithoutPlan(tried) };
        }

        ReferenceEvaluation against = plan.Evaluation.Against(tried.Reference);
        IReadOnlyList<ThreeEScore> ranking = against.Rank(tried.Weights, tried.Floor);
        return new ThreeEView
        {
            Settings = tried,
            Plan = plan.Summary,
            Reference = against.Reference,
            EnergyBasis = plan.Evaluation.EnergyBasis,
            Ranking = ranking,
            Auto = AutoChooser.Of(tried, against.Reference, ranking),
        };
    }

    /// <summary>The latest plan; null when nothing was measured.</summary>
    public async Task<EvaluatedPlan?> LatestAsync(CancellationToken cancellation)
    {
        PlanSummary? summary = await plans.LatestAsync(cancellation);
        if (summary is null || _latest is { } known && known.Summary.Id == summary.Id)
        {
            return summary is null ? null : _latest;
        }

        await _evaluating.WaitAsync(cancellation);
        try
        {
            if (_latest?.Summary.Id != summary.Id)
            {
                _latest = new EvaluatedPlan(summary, PlanEvaluation.Of((await plans.FindAsync(summary.Id, cancellation))!));
            }

            return _latest;
        }
        finally
        {
            _evaluating.Release();
        }
    }

    public void Dispose() => _evaluating.Dispose();
}
