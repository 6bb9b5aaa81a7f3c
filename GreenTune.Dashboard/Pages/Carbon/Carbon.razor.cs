using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Access;
using GreenTune.Dashboard.Ui;
using Microsoft.AspNetCore.Components;

namespace GreenTune.Dashboard.Pages.Carbon;

public sealed partial class Carbon
{
    private const string New = "new";
    private const string FormClass = ".restatement-form";
    private string? _restate;

    /// <summary>"marginal": its hours ahead are drawn.</summary>
    [SupplyParameterFromQuery(Name = "signal")]
    public string? SignalQuery { get; set; }

    /// <summary>How far ahead: 24, 48 or 72.</summary>
    [SupplyParameterFromQuery(Name = "hours")]
    public string? HoursQuery { get; set; }

    /// <summary>"new": the form is open.</summary>
    [SupplyParameterFromQuery(Name = "restate")]
    public string? RestateQuery { get; set; }

    [Inject]
    private SignedIn SignedIn { get; set; } = default!;

    [Inject]
    private Toasts Toasts { get; set; } = default!;

    private CarbonModel Model { get; set; } = default!;

    /// <summary>Factors change by the hour and sources' states at any time; no event tells of either.</summary>
    protected override TimeSpan? FollowEvery => TimeSpan.FromMinutes(1);

    protected override void Prepare() => Model = new CarbonModel(Accounting, Time);

    protected override Task LoadAsync() => Task.WhenAll(FollowAddressAsync(), Model.LoadAsync());

    protected override Task OnIntervalAsync() => Model.RefreshAsync();

    protected override Task OnParametersSetAsync() => RendererInfo.IsInteractive ? FollowAddressAsync() : Task.CompletedTask;

    protected override ValueTask DisposePageAsync()
    {
        Model.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Draws the chain and opens the form that the address names.</summary>
    private Task FollowAddressAsync()
    {
        Model.Draw(SignalQuery == "marginal" ? CarbonSignal.Marginal : CarbonSignal.Average);
        if (_restate != RestateQuery)
        {
            _restate = RestateQuery;
            if (RestateQuery == New)
            {
                Model.OpenForm(SignedIn.Key?.Name);
                FocusForm(FormClass);
            }
            else
            {
                Model.CloseForm();
            }
        }

        return Model.LookAheadAsync(int.TryParse(HoursQuery, NumberStyles.None, CultureInfo.InvariantCulture, out var hours) ? hours : 0);
    }

    private void Draw(CarbonSignal signal) => KeepInAddress(new Dictionary<string, object?> { ["signal"] = signal == CarbonSignal.Marginal ? "marginal" : null });

    private void LookAhead(int hours) => KeepInAddress(new Dictionary<string, object?> { ["hours"] = hours == CarbonModel.Spans[0].Hours ? null : hours });

    private void CloseForm() => KeepInAddress(new Dictionary<string, object?> { ["restate"] = null });

    private async Task ReviewAsync()
    {
        if (await Model.ReviewAsync())
        {
            FocusNext("#restatement-form-title");
        }
        else
        {
            FocusProblem(FormClass);
        }
    }

    private void Reopen()
    {
        Model.Form?.Reopen();
        FocusForm(FormClass);
    }

    private async Task MakeAsync()
    {
        if (await Model.MakeAsync() is { } made)
        {
            Toasts.Done(RestatementText.Made(made));
            _restate = null;
            KeepInAddress(new Dictionary<string, object?> { ["restate"] = null });
        }
        else
        {
            FocusProblem(FormClass);
        }
    }
}
