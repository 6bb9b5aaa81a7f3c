using Microsoft.Extensions.Logging;

namespace GreenTune.Metering.Tests.Support;

/// <summary>Keeps what was logged.</summary>
internal class ListLogger : ILogger
{
    public List<(LogLevel Level, string Text)> Lines { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (Lines)
            Lines.Add((logLevel, formatter(state, exception)));
    }
}

/// <summary>The same for a class that wants a logger of its own.</summary>
internal sealed class ListLogger<T> : ListLogger, ILogger<T>;
