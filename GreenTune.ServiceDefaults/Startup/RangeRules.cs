using System.Globalization;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Startup;

/// <summary>
/// Collects what is out of range in a section, each with its configuration key, its value and an example. Written out since the
/// generated validator of range attributes (OptionsValidator) drops the attributes' messages.
/// </summary>
internal sealed class RangeRules(string section)
{
    private readonly List<string> _failures = [];

    public RangeRules Range<T>(string name, T value, T least, T most, T example)
        where T : IComparable<T>, IFormattable
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            _failures.Add($"{section}:{name} is {Text(value)}; it has to be {Text(least)} to {Text(most)}, for example {Text(example)}.");
        }

        return this;
    }

    public RangeRules AtMost<T>(string name, T value, string otherName, T other)
        where T : IComparable<T>, IFormattable
    {
        if (value.CompareTo(other) > 0)
        {
            _failures.Add($"{section}:{name} is {Text(value)}; it has to be at most {section}:{otherName}, which is {Text(other)}.");
        }

        return this;
    }

    public ValidateOptionsResult Result() => _failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(_failures);

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
