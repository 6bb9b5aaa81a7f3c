using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace GreenTune.Dashboard.Charts;

/// <summary>A text element of an SVG drawing: in Razor markup, a text tag means something else.</summary>
public sealed class SvgText : ComponentBase
{
    [Parameter, EditorRequired]
    public double X { get; set; }

    [Parameter, EditorRequired]
    public double Y { get; set; }

    [Parameter, EditorRequired]
    public required string Text { get; set; }

    /// <summary>"start", "middle" or "end".</summary>
    [Parameter]
    public string Anchor { get; set; } = "start";

    [Parameter]
    public string? Class { get; set; }

    /// <summary>A colour token; null takes the stylesheet's.</summary>
    [Parameter]
    public string? Fill { get; set; }

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        builder.OpenElement(0, "text");
        builder.AddAttribute(1, "x", SvgPath.Number(X));
        builder.AddAttribute(2, "y", SvgPath.Number(Y));
        builder.AddAttribute(3, "text-anchor", Anchor);
        builder.AddAttribute(4, "class", Class);
        builder.AddAttribute(5, "style", Fill is null ? null : "fill:" + Fill);
        builder.AddContent(6, Text);
        builder.CloseElement();
    }
}
