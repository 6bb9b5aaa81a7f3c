using System.Globalization;
using GreenTune.Inference.Cuda;
using Microsoft.ML.OnnxRuntime;
using OrtSessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace GreenTune.Inference.Engine;

/// <summary>What runs the sessions of this process: the CPU, or CUDA when it was asked for or found.</summary>
internal sealed class ExecutionProvider
{
    private ExecutionProvider(bool cuda, int threads, string explanation, CudaOperators? kernels = null)
    {
        Kernels = kernels;
        Cuda = cuda;
        Threads = threads;
        Explanation = explanation;
    }

    public bool Cuda { get; }

    /// <summary>Intra-op threads; 0 lets ONNX Runtime take one for each core.</summary>
    public int Threads { get; }

    /// <summary>GreenTune's own CUDA kernels; null on a CPU, where they are not there or where they are not wanted.</summary>
    public CudaOperators? Kernels { get; }

    /// <summary>One sentence for the log: what was chosen and why.</summary>
    public string Explanation { get; }

    /// <exception cref="InvalidOperationException">CUDA was asked for and cannot be had.</exception>
    /// <param name="device">What was asked for.</param>
    /// <param name="threads">Intra-op threads; 0 lets ONNX Runtime choose.</param>
    /// <param name="kernels">Whether GreenTune's own CUDA kernels are used where they are there.</param>
    /// <param name="logger">Is told about the kernels.</param>
    public static ExecutionProvider Choose(DeviceChoice device, int threads, bool kernels = true, ILogger? logger = null)
    {
        if (device == DeviceChoice.Cpu)
        {
            return new ExecutionProvider(false, threads, "the CPU, as Inference:Device says");
        }

        string? problem = WhyNoCuda();
        if (problem is null)
        {
            return new ExecutionProvider(
                true,
                threads,
                device == DeviceChoice.Cuda ? "CUDA, as Inference:Device says" : "CUDA, which was found (Inference:Device=cpu takes the CPU)",
                kernels ? CudaOperators.Find(logger) : null);
        }

        return device == DeviceChoice.Cuda
            ? throw new InvalidOperationException(
                $"Inference:Device is cuda, but CUDA cannot be used: {problem} Build with -p:WithCuda=true, install CUDA 13 and an NVIDIA driver 580 or newer, or set Inference:Device=cpu.")
            : new ExecutionProvider(false, threads, "the CPU: no usable CUDA was found (Inference:Device=cuda says why)");
    }

    /// <summary>Options for a new session. The caller disposes them.</summary>
    /// <param name="stream">On CUDA: the stream that it computes on; zero lets it make one.</param>
    /// <param name="graphs">On CUDA: whether steps may be captured as graphs, which takes a graph whose nodes all run on the GPU.</param>
    public OrtSessionOptions SessionOptions(nint stream = 0, bool graphs = false)
    {
        var options = new OrtSessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            IntraOpNumThreads = Threads,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        if (Cuda)
        {
            AppendCuda(options, stream, graphs);
        }

        return options;
    }

    /// <summary>Null when a session with CUDA can be made here.</summary>
    private static string? WhyNoCuda()
    {
        try
        {
            if (!OrtEnv.Instance().GetAvailableProviders().Contains("CUDAExecutionProvider"))
            {
                return "this build of ONNX Runtime has no CUDA provider.";
            }

            // Loads the provider's library and with it CUDA's own: what is missing is named here, not at the first request.
            using var options = new OrtSessionOptions();
            AppendCuda(options, 0, false);
            return null;
        }
        catch (OnnxRuntimeException e)
        {
            return e.Message.ReplaceLineEndings(" ").Trim() + ".";
        }
    }

    private static void AppendCuda(OrtSessionOptions options, nint stream, bool graphs)
    {
        using var cuda = new OrtCUDAProviderOptions();
        var settings = new Dictionary<string, string> { ["device_id"] = "0" };
        if (stream != 0)
        {
            settings["has_user_compute_stream"] = "1";
            settings["user_compute_stream"] = stream.ToString(CultureInfo.InvariantCulture);
        }

        if (graphs)
        {
            settings["enable_cuda_graph"] = "1";
        }

        cuda.UpdateOptions(settings);
        options.AppendExecutionProvider_CUDA(cuda);
    }
}
