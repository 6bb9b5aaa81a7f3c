using System.Globalization;

namespace Aspire.Hosting.Running;

/// <summary>The terminal, shared by all processes: each line has the name of who wrote it in front.</summary>
internal sealed class AppHostConsole
{
    /// <summary>Name of AppHost's own lines.</summary>
    public const string Own = "apphost";

    private const string Reset = "\e[0m";

    // Cyan, green, magenta, blue, yellow: legible on light and dark terminals; red is left to errors.
    private static readonly string[] Colours = ["\e[36m", "\e[32m", "\e[35m", "\e[34m", "\e[33m"];

    private readonly Lock _lock = new();
    private readonly TextWriter _out;
    private readonly TextWriter _error;
    private readonly Dictionary<string, string> _colourOf = [];
    private int _width = Own.Length;

    public AppHostConsole()
        : this(Console.Out, Console.Error, colour: !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")))
    {
    }

    internal AppHostConsole(TextWriter output, TextWriter error, bool colour)
    {
        _out = output;
        _error = error;
        Colour = colour;
    }

    /// <summary>Whether the output is a terminal and nobody asked for NO_COLOR.</summary>
    public bool Colour { get; }

    /// <summary>Gives each name its width and colour before the first line.</summary>
    public void Introduce(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            _width = Math.Max(_width, name.Length);
            _colourOf[name] = Colours[_colourOf.Count % Colours.Length];
        }
    }

    /// <summary>A line of AppHost's own.</summary>
    public void Say(string line) => Line(Own, line, toError: false);

    /// <summary>What went wrong, on standard error and without a prefix that others may filter out.</summary>
    public void Error(string message)
    {
        lock (_lock)
        {
            _error.WriteLine(Colour ? $"\e[31m{message}{Reset}" : message);
            _error.Flush();
        }
    }

    public void Write(string text)
    {
        lock (_lock)
        {
            _out.WriteLine(text);
            _out.Flush();
        }
    }

    /// <summary>A line of a child process.</summary>
    public void Line(string name, string line, bool toError)
    {
        var padded = name.PadRight(_width);
        var prefix = Colour ? $"{_colourOf.GetValueOrDefault(name, "\e[1m")}{padded} |{Reset}" : string.Create(CultureInfo.InvariantCulture, $"{padded} |");
        lock (_lock)
        {
            var writer = toError ? _error : _out;
            writer.WriteLine($"{prefix} {line}");
            writer.Flush();
        }
    }
}
