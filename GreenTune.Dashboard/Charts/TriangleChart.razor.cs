using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Shell;
using GreenTune.Dashboard.Ui;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.JSInterop;

namespace GreenTune.Dashboard.Charts;

public sealed partial class TriangleChart : ComponentBase, IAsyncDisposable
{
    private readonly string _clip = ElementId.Next("clip");
    private ElementReference _element;
    private DotNetObjectReference<TriangleChart>? _self;
    private IJSObjectReference? _drag;

    [Parameter, EditorRequired]
    public required ThreeEWeights Weights { get; set; }

    /// <summary>The handle was dragged there.</summary>
    [Parameter]
    public EventCallback<ThreeEWeights> OnMove { get; set; }

    /// <summary>An arrow key: the axis that gains, by how much, and the axis that pays (null: both others).</summary>
    [Parameter]
    public EventCallback<TriangleNudge> OnNudge { get; set; }

    /// <summary>Null while it is not known.</summary>
    [Parameter]
    public WeightTriangle? Winners { get; set; }

    [Parameter, EditorRequired]
    public required Func<string, string> ColourOf { get; set; }

    [Parameter]
    public double Width { get; set; } = 272;

    [Inject]
    private BrowserSession Session { get; set; } = default!;

    private string ValueText =>
        $"energy {Figures.Fixed(Weights.Energy, 2)}, efficiency {Figures.Fixed(Weights.Efficiency, 2)}, effectiveness {Figures.Fixed(Weights.Effectiveness, 2)}";

    /// <summary>Called by the script while the handle is dragged.</summary>
    [JSInvokable]
    public Task MoveTo(double energy, double efficiency, double effectiveness) =>
        double.IsFinite(energy + efficiency + effectiveness) ? OnMove.InvokeAsync(new ThreeEWeights(energy, efficiency, effectiveness)) : Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_drag is not null)
            {
                await _drag.InvokeVoidAsync("stop");
                await _drag.DisposeAsync();
            }
        }
        catch (JSDisconnectedException)
        {
            // The tab is gone.
        }

        _self?.Dispose();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
        {
            return;
        }

        _self = DotNetObjectReference.Create(this);
        try
        {
            var module = await Session.ModuleAsync();
            _drag = await module.InvokeAsync<IJSObjectReference>("dragWeights", _element, _self);
        }
        catch (JSDisconnectedException)
        {
            // The tab is gone.
        }
    }

    private static string LabelOf(string configurationId) => ConfigurationName.Parse(configurationId).Label;

    private Task KeyAsync(KeyboardEventArgs key)
    {
        var step = key.ShiftKey ? 0.05 : 0.01;
        return key.Key switch
        {
            "ArrowUp" => OnNudge.InvokeAsync(new TriangleNudge(WeightAxis.Energy, step, null)),
            "ArrowDown" => OnNudge.InvokeAsync(new TriangleNudge(WeightAxis.Energy, -step, null)),
            "ArrowLeft" => OnNudge.InvokeAsync(new TriangleNudge(WeightAxis.Efficiency, step, WeightAxis.Effectiveness)),
            "ArrowRight" => OnNudge.InvokeAsync(new TriangleNudge(WeightAxis.Effectiveness, step, WeightAxis.Efficiency)),
            _ => Task.CompletedTask,
        };
    }
}

/// <summary>The three weights.</summary>
public enum WeightAxis
{
    Energy,
    Efficiency,
    Effectiveness,
}

/// <summary>A small move of the weights.</summary>
/// <param name="Axis">The axis that gains.</param>
/// <param name="By">How much; negative to lose.</param>
/// <param name="Payer">The axis that pays for it; null lets both others pay in proportion.</param>
public sealed record TriangleNudge(WeightAxis Axis, double By, WeightAxis? Payer);
