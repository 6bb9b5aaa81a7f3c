using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;

namespace GreenTune.Cli.CommandLine;

/// <summary>Options that several commands have. What is wrong with a value is said with the option's name, what it expects and an example.</summary>
internal static class CommonOptions
{
    public static Option<bool> Json() => new("--json") { Description = "Write JSON instead of a table." };

    /// <summary>Address of a service, with a slash at its end so that paths can be put behind it.</summary>
    public static Option<Uri> Url(string service, string address)
    {
        return new Option<Uri>("--url")
        {
            Description = $"Address of {service}.",
            HelpName = "address",
            DefaultValueFactory = _ => new Uri(address + "/"),
            CustomParser = result => Parse(result, Address, $"an address with http or https, for example --url {address}"),
        };

        static (bool, Uri?) Address(string text) =>
            Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out Uri? uri) && uri is { Scheme: "http" or "https", Host.Length: > 0, Query: "", Fragment: "", UserInfo: "" }
                ? (true, uri)
                : (false, null);
    }

    public static Option<int?> Whole(string name, string helpName, string description, int least, int most, int example) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result => Parse<int?>(
            result,
            text => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most ? (true, value) : (false, null),
            string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}, for example {name} {example}")),
    };

    public static Option<double?> Number(string name, string helpName, string description, double least, double most, double example) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result => Parse<double?>(
            result,
            text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= least && value <= most ? (true, value) : (false, null),
            string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}, for example {name} {example}")),
    };

    public static Option<DateTimeOffset?> Time(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "time",
        CustomParser = result => Parse<DateTimeOffset?>(
            result,
            text => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? (true, time) : (false, null),
            $"a time in ISO 8601, UTC where it has no offset, for example {name} 2026-11-19T08:00:00Z"),
    };

    /// <summary>A text of a known form.</summary>
    public static Option<string?> Text(string name, string helpName, string description, Func<string, bool> isIt, string form, string example) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result => Parse<string?>(result, text => isIt(text) ? (true, text) : (false, null), $"{form}, for example {name} {example}"),
    };

    /// <summary>A member of an enum, written as the API writes it.</summary>
    public static Option<T?> Word<T>(string name, string description)
        where T : struct, Enum
    {
        Dictionary<string, T> words = Enum.GetValues<T>().ToDictionary(value => JsonNamingPolicy.CamelCase.ConvertName(value.ToString()));
        string all = string.Join(", ", words.Keys);
        var option = new Option<T?>(name)
        {
            Description = $"{description}: {all}.",
            HelpName = string.Join('|', words.Keys),
            CustomParser = result => Parse<T?>(result, text => words.TryGetValue(text, out T value) ? (true, value) : (false, null), $"one of {all}, for example {name} {words.Keys.First()}"),
        };
        option.CompletionSources.Add([.. words.Keys]);
        return option;
    }

    private static T? Parse<T>(ArgumentResult result, Func<string, (bool Fits, T? Value)> read, string expected)
    {
        string text = result.Tokens[^1].Value;
        (bool fits, T? value) = read(text);
        if (fits)
            return value;
        string name = result.Parent is OptionResult { Option: var option } ? option.Name : $"<{result.Argument.Name}>";
        result.AddError($"{name} is '{text}', where it takes {expected}");
        return default;
    }
}
