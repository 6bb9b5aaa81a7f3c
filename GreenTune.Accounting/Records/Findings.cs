using System.Globalization;
using System.Runtime.CompilerServices;

namespace GreenTune.Accounting.Records;

/// <summary>What is wrong with something that came from outside. A sentence is only put together when it is needed: thousands of sound records come in a second.</summary>
internal sealed class Findings
{
    private List<string>? _problems;

    /// <summary>Every sentence, or null when all is sound.</summary>
    public string? Text => _problems is null ? null : string.Join(" ", _problems);

    /// <summary>Notes a problem unless what is required is so.</summary>
    public void Require(bool sound, [InterpolatedStringHandlerArgument(nameof(sound))] ref FindingText problem)
    {
        if (!sound)
        {
            (_problems ??= []).Add(problem.ToText());
        }
    }
}

/// <summary>A sentence in the invariant culture that is not formed, nor its parts computed, where nothing is wrong.</summary>
[InterpolatedStringHandler]
internal ref struct FindingText
{
    private DefaultInterpolatedStringHandler _text;

    public FindingText(int literalLength, int formattedCount, bool sound, out bool needed)
    {
        needed = !sound;
        _text = sound ? default : new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture);
    }

    public void AppendLiteral(string text) => _text.AppendLiteral(text);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public void AppendFormatted<T>(T value, string? format) => _text.AppendFormatted(value, format);

    public string ToText() => _text.ToStringAndClear();
}
