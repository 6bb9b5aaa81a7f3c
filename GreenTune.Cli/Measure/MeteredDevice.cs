using GreenTune.Core.Attribution;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Metering;
using GreenTune.Metering.Baselines;

namespace GreenTune.Cli.Measure;

/// <summary>
/// A device while a command is measured. To its meter the command is a request that is served by one step after the other, so that shares, sigma and balance are
/// the protocol's own (design section 4.3): all energy above the idle power that no other program caused is the command's.
/// </summary>
internal sealed class MeteredDevice(IDeviceMeter meter) : IAsyncDisposable
{
    // Time alone counts: a command has no tokens.
    private static readonly WorkModel Work = new("command", 0, 0, 0, 0);

    private long _request;
    private MonotonicTime _told;
    private DateTimeOffset? _balanceFrom;

    public DeviceView View() => meter.View();

    /// <summary>Ends what was metered so far, and says what it came to; null when it was nothing.</summary>
    public EnergyPeriod? Cut() => meter.CutPeriod();

    /// <summary>Measures its idle power.</summary>
    public Task<CalibrationResult> CalibrateAsync(TimeSpan over, CancellationToken cancellation) => meter.CalibrateAsync(over, cancellation);

    public void Begin()
    {
        _balanceFrom = Cut()?.To;
        _told = meter.Now;
        _request = meter.Admit(_told);
    }

    /// <summary>The command still runs: energy up to now can be settled.</summary>
    public void Advance()
    {
        MonotonicTime now = meter.Now;
        if (now <= _told)
            return;
        meter.Step(new StepRecord(_told, now, StepPhase.Decode, Work, [new StepRow(_request, 1, 0)]));
        _told = now;
    }

    /// <summary>The command has ended; waits for its figures.</summary>
    public async Task<MeasuredDevice> EndAsync()
    {
        Advance();
        BaselineView? baseline = meter.View().EmptyBaseline;
        SettledRequest settled = await meter.Finish(_request, _told);
        EnergyPeriod? period = Cut();
        DeviceView view = meter.View();
        bool metered = view.Quality != EnergyQuality.None;
        return new MeasuredDevice
        {
            Id = view.Id,
            Name = view.Name,
            Kind = view.Kind,
            Meter = view.Meter,
            Explanation = view.Explanation,
            Baseline = baseline,
            Energy = PhasesLeftOut(settled.Energy),
            Balance = metered && period is not null ? new EnergyBuckets(period.Total, period.Active, period.IdleShare, period.Idle, period.Unattributed, period.Other, period.Quality) : null,
            BalanceSeconds = metered && period is not null ? (period.To - (_balanceFrom ?? period.From)).TotalSeconds : null,
        };
    }

    public ValueTask DisposeAsync() => meter.DisposeAsync();

    /// <summary>A command has no prefill and no decode phase.</summary>
    private static EnergyFigures PhasesLeftOut(EnergyFigures energy)
    {
        const string Reason = "a command has no phases";
        var reasons = new Dictionary<string, string>(energy.Reasons) { ["prefillJoules"] = Reason, ["decodeJoules"] = Reason };
        reasons.Remove("phaseQuality");
        return energy with { PrefillJoules = null, DecodeJoules = null, PhaseQuality = EnergyQuality.None, Reasons = reasons };
    }
}
