using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Pages.Playground;

/// <summary>What the Playground can ask: auto, models, configurations.</summary>
public static class PlaygroundChoice
{
    /// <summary>Values and texts for a list; auto names what it serves now.</summary>
    public static IReadOnlyList<(string Value, string Text)> Options(IReadOnlyList<ConfigurationView> configurations, string? serves, params IEnumerable<string> chosen)
    {
        var options = new List<(string, string)>
        {
            (ConfigurationName.Auto, serves is null ? "auto" : $"auto: {ConfigurationName.Parse(serves).Label}"),
        };
        options.AddRange(configurations
            .Select(c => (c.Id, ConfigurationName.Parse(c.Id).Label + (c.State == ConfigurationState.Ready ? string.Empty : $" ({Word(c.State)})")))
            .OrderBy(c => c.Item2, StringComparer.Ordinal));
        options.AddRange(configurations.Select(c => c.Model).Distinct().Order(StringComparer.Ordinal).Select(m => (m, $"{m}, its best")));
        // A deep link may name one that is not there (yet); the service says so when it is asked.
        options.AddRange(chosen.Where(c => options.All(o => o.Item1 != c)).Select(c => (c, c)));
        return options;
    }

    /// <summary>The configuration that would answer, for predictions; null when that cannot be said before asking.</summary>
    public static string? Resolve(string choice, IReadOnlyList<ConfigurationView> configurations, ThreeEView? threeE)
    {
        if (configurations.Any(c => c.Id == choice))
        {
            return choice;
        }

        if (choice == ConfigurationName.Auto)
        {
            return threeE?.Auto.ConfigurationId ?? configurations.FirstOrDefault(c => c.IsDefault)?.Id;
        }

        return threeE?.Ranking.FirstOrDefault(r => r.Rank is not null && ConfigurationName.Parse(r.ConfigurationId).Model == choice)?.ConfigurationId;
    }

    private static string Word(ConfigurationState state) => state switch
    {
        ConfigurationState.Waiting => "waiting",
        ConfigurationState.Building => "building",
        ConfigurationState.Loading => "loading",
        ConfigurationState.Failed => "failed",
        ConfigurationState.Unloaded => "loads when asked",
        _ => "ready",
    };
}
