using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Charts;

/// <summary>
/// Gives every configuration a colour and every model a shape, the same on all pages of a visit. There are six colours; a seventh configuration
/// repeats the first, which shape and label still tell apart.
/// </summary>
public sealed class ConfigurationPalette
{
    private const int Colours = 6;
    private const int Shapes = 4;
    private readonly Dictionary<string, int> _colours = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _shapes = new(StringComparer.Ordinal);

    /// <summary>Assigns colours and shapes to those that have none yet, in the order of their ids.</summary>
    public void Learn(IEnumerable<string> configurationIds)
    {
        foreach (var id in configurationIds.Order(StringComparer.Ordinal))
        {
            _colours.TryAdd(id, _colours.Count % Colours);
            _shapes.TryAdd(ConfigurationName.Parse(id).Model, _shapes.Count % Shapes);
        }
    }

    /// <summary>A colour token, for example "var(--c3)".</summary>
    public string ColourOf(string configurationId)
    {
        Learn([configurationId]);
        return $"var(--c{_colours[configurationId] + 1})";
    }

    public MarkShape ShapeOf(string configurationId)
    {
        Learn([configurationId]);
        return (MarkShape)_shapes[ConfigurationName.Parse(configurationId).Model];
    }
}

/// <summary>Shapes of a chart's marks.</summary>
public enum MarkShape
{
    Circle,
    Square,
    Diamond,
    Triangle,
}
