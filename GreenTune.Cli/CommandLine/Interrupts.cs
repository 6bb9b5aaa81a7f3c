using System.Runtime.InteropServices;

namespace GreenTune.Cli.CommandLine;

/// <summary>
/// Signals that ask this process to stop. The first lets the command clean up, a second one ends the process as ever. A command that runs another program
/// takes them over: then they are that program's, and none ends this process. Thread-safe.
/// </summary>
internal sealed class Interrupts : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private volatile Action<PosixSignal>? _receiver;

    /// <summary>Cancelled by the first signal that nobody has taken over.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Takes a signal.</summary>
    public void Receive(PosixSignalContext signal)
    {
        if (_receiver is { } receiver)
        {
            signal.Cancel = true;
            receiver(signal.Signal);
            return;
        }
        signal.Cancel = !_stop.IsCancellationRequested;
        _stop.Cancel();
    }

    /// <summary>Until disposed, signals go to the receiver alone.</summary>
    public IDisposable HandOver(Action<PosixSignal> receiver)
    {
        _receiver = receiver;
        return new Taken(this);
    }

    public void Dispose() => _stop.Dispose();

    private sealed class Taken(Interrupts interrupts) : IDisposable
    {
        public void Dispose() => interrupts._receiver = null;
    }
}
