using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Aspire.Hosting.Running;

/// <summary>Ctrl-C, SIGTERM and SIGHUP ask to stop; another one, a second later or more, insists, which kills what has not stopped by then.</summary>
internal sealed class StopSignals : IDisposable
{
    /// <summary>A signal to the whole process group comes twice where the parent forwards it as well, as `dotnet run` does.</summary>
    private static readonly TimeSpan Apart = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _requested;
    private readonly CancellationTokenSource _insisted = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _lock = new();
    private long _first;

    public StopSignals(CancellationToken alsoBy)
    {
        _requested = CancellationTokenSource.CreateLinkedTokenSource(alsoBy);
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
        }
    }

    public CancellationToken Requested => _requested.Token;

    public CancellationToken Insisted => _insisted.Token;

    public string? Reason { get; private set; }

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _requested.Dispose();
        _insisted.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (_lock)
        {
            if (Reason is null)
            {
                _first = Stopwatch.GetTimestamp();
                Reason = context.Signal == PosixSignal.SIGINT ? "Ctrl-C" : context.Signal.ToString();
                _requested.Cancel();
            }
            else if (Stopwatch.GetElapsedTime(_first) >= Apart)
            {
                _insisted.Cancel();
            }
        }
    }
}
