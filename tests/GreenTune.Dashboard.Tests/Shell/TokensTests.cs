using System.Globalization;
using System.Text.RegularExpressions;

namespace GreenTune.Dashboard.Tests.Shell;

/// <summary>Every pair of colours that text or marks are set in keeps the contrast that WCAG 2.2 asks for, in both themes.</summary>
public sealed partial class TokensTests
{
    private static readonly Dictionary<string, Dictionary<string, string>> Themes = Read();
    private static readonly string[] Surfaces = ["bg", "surface", "surface-2", "surface-3"];

    public static TheoryData<string> ThemeNames => [.. Themes.Keys];

    [Theory]
    [MemberData(nameof(ThemeNames))]
    public void Text_reaches_4_5_on_every_surface(string theme)
    {
        foreach (var text in (string[])["text", "text-2", "text-3"])
        {
            Assert.All(Surfaces, surface => AtLeast(4.5, theme, text, surface));
        }

        AtLeast(4.5, theme, "accent", "surface");
        AtLeast(4.5, theme, "accent", "accent-soft");
        AtLeast(4.5, theme, "text-2", "accent-soft");
        AtLeast(4.5, theme, "on-accent", "accent");
        foreach (var state in (string[])["measured", "modelled", "estimated", "ok", "notify", "degrade", "block", "info"])
        {
            AtLeast(4.5, theme, state, state + "-bg");
            AtLeast(4.5, theme, "text", state + "-bg");
        }
    }

    [Theory]
    [MemberData(nameof(ThemeNames))]
    public void Marks_and_controls_reach_3(string theme)
    {
        foreach (var mark in (string[])["c1", "c2", "c3", "c4", "c5", "c6", "control-line", "focus"])
        {
            AtLeast(3, theme, mark, "surface");
        }

        AtLeast(3, theme, "focus", "bg");
    }

    [Fact]
    public void The_chosen_dark_theme_is_the_systems_dark_theme() => Assert.Equal(Themes["dark"], Themes["system dark"]);

    private static void AtLeast(double ratio, string theme, string front, string back)
    {
        var (a, b) = (Luminance(Themes[theme][front]), Luminance(Themes[theme][back]));
        var contrast = (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
        Assert.True(contrast >= ratio, $"{theme}: {front} on {back} is {contrast:0.00}, below {ratio}");
    }

    /// <summary>Relative luminance of an sRGB colour (WCAG 2.2).</summary>
    private static double Luminance(string hex)
    {
        double Channel(int at)
        {
            var value = int.Parse(hex.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
            return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
        }

        return (0.2126 * Channel(1)) + (0.7152 * Channel(3)) + (0.0722 * Channel(5));
    }

    private static Dictionary<string, Dictionary<string, string>> Read()
    {
        var css = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "tokens.css"));
        var blocks = Regex.Split(css, @"(?=:root)").Where(b => b.Contains("--bg:")).Select(b => Token().Matches(b).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value)).ToList();
        return new() { ["light"] = blocks[0], ["system dark"] = blocks[1], ["dark"] = blocks[2] };
    }

    [GeneratedRegex("--([a-z0-9-]+):(#[0-9a-fA-F]{6})")]
    private static partial Regex Token();
}
