using System.Globalization;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Inference.Engine.Running;

/// <summary>Everything a step's run is bound to, made once for each place of its rows.</summary>
internal abstract class StepBinding : IDisposable
{
    private readonly HashSet<OrtValue> _values = [];

    protected StepBinding(InferenceSession session)
    {
        Binding = session.CreateIoBinding();
        OrtValue total = OrtValue.CreateTensorValueFromMemory(Total, []);
        Input("total_sequence_length", total);
    }

    public OrtIoBinding Binding { get; }

    public RunOptions Run { get; } = new();

    /// <summary>The graph's total_sequence_length, which it reads on the host when it runs.</summary>
    public int[] Total { get; } = new int[1];

    public void Input(string name, OrtValue value)
    {
        _values.Add(value);
        Binding.BindInput(name, value);
    }

    public void Output(string name, OrtValue value)
    {
        _values.Add(value);
        Binding.BindOutput(name, value);
    }

    /// <summary>Binds an input that belongs to somebody else.</summary>
    public void Borrow(string name, OrtValue value) => Binding.BindInput(name, value);

    public void Dispose()
    {
        Binding.Dispose();
        Run.Dispose();
        foreach (OrtValue value in _values)
        {
            value.Dispose();
        }
    }

    /// <summary>On CUDA: which captured graph the run is, or none; and that the caller waits for the stream itself.</summary>
    protected void OnCuda(int? graph)
    {
        Run.AddRunConfigEntry("gpu_graph_id", (graph ?? -1).ToString(CultureInfo.InvariantCulture));
        Run.AddRunConfigEntry("disable_synchronize_execution_providers", "1");
    }
}

/// <summary>A decode step's.</summary>
internal sealed class DecodeBinding : StepBinding
{
    /// <param name="session">The session it runs in.</param>
    /// <param name="graph">Number of the CUDA graph it is captured as; null runs it kernel by kernel.</param>
    /// <param name="cuda">Whether the session is on CUDA.</param>
    public DecodeBinding(InferenceSession session, int? graph, bool cuda)
        : base(session)
    {
        CapturesNext = graph is not null;
        if (cuda)
        {
            OnCuda(graph);
        }
    }

    /// <summary>The next run captures a CUDA graph: the first one does.</summary>
    public bool CapturesNext { get; set; }
}

/// <summary>A prefill step's; its tokens are bound anew each time.</summary>
internal sealed class PrefillBinding : StepBinding
{
    public PrefillBinding(InferenceSession session, bool cuda)
        : base(session)
    {
        if (cuda)
        {
            OnCuda(null);
        }
    }
}
