using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;
using OrtSessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace GreenTune.Inference.Cuda;

/// <summary>
/// GreenTune's own CUDA kernels as ONNX Runtime operators of the domain <see cref="Domain"/>. Optional: without the library, graphs run as they are on
/// disk. See Kernels/greentune_cuda.h for what the kernels compute and <see cref="EngineGraphRewriter"/> for the graphs that use them.
/// </summary>
internal sealed partial class CudaOperators
{
    /// <summary>The operators' domain in an ONNX graph.</summary>
    public const string Domain = "greentune.cuda";

    private readonly NativeKernels _kernels;

    private CudaOperators(NativeKernels kernels) => _kernels = kernels;

    /// <summary>The kernels beside the program, for the current CUDA device; null, and one line in the log that says why, where there are none.</summary>
    public static CudaOperators? Find(ILogger? logger = null) => Find(AppContext.BaseDirectory, logger);

    internal static CudaOperators? Find(string folder, ILogger? logger)
    {
        NativeKernels? kernels = NativeKernels.Load(folder, out string reason);
        if (kernels is null)
        {
            if (logger is not null)
            {
                LogWithout(logger, reason);
            }

            return null;
        }

        if (logger is not null)
        {
            LogFound(logger);
        }

        return new CudaOperators(kernels);
    }

    /// <summary>
    /// Registers the operators with the options of one session, which must use the CUDA provider. Dispose the result after the session: both hold the
    /// same memory. Sessions do not share a result, because each has a workspace for its own stream.
    /// </summary>
    /// <exception cref="InvalidOperationException">ONNX Runtime refuses the operators.</exception>
    public IDisposable AddTo(OrtSessionOptions options) => Add(options, _kernels);

    /// <summary>Makes the operators known without kernels behind them: enough for ONNX Runtime to check a rewritten graph, not to run it.</summary>
    internal static IDisposable Declare(OrtSessionOptions options) => Add(options, null);

    private static Registration Add(OrtSessionOptions options, NativeKernels? kernels)
    {
        var registration = new Registration(kernels);
        try
        {
            registration.AddTo(options);
            return registration;
        }
        catch
        {
            registration.Dispose();
            throw;
        }
    }

    [LoggerMessage(1, LogLevel.Information, "CUDA kernels of GreenTune are used for quantised products")]
    private static partial void LogFound(ILogger logger);

    [LoggerMessage(2, LogLevel.Information, "CUDA kernels of GreenTune are not used, ONNX Runtime's own are: {Reason}")]
    private static partial void LogWithout(ILogger logger, string reason);

    /// <summary>One session's operators.</summary>
    private sealed unsafe class Registration : IDisposable
    {
        private readonly OperatorContext _context;
        private readonly nint[] _operators;
        private nint _domain;

        public Registration(NativeKernels? kernels)
        {
            _context = new OperatorContext(kernels);
            _operators =
            [
                (nint)MatMulOperator.Create(_context.Handle),
                (nint)SiluMulOperator.Create(TensorElementType.Float16, _context.Handle),
                (nint)SiluMulOperator.Create(TensorElementType.BFloat16, _context.Handle),
                (nint)AddNormOperator.Create(_context.Handle),
                (nint)GreedyTokenOperator.Create(TensorElementType.Float16, _context.Handle),
                (nint)GreedyTokenOperator.Create(TensorElementType.Float, _context.Handle),
                (nint)AttentionOperator.Create(_context.Handle),
            ];
        }

        public void AddTo(OrtSessionOptions options)
        {
            nint name = Marshal.StringToCoTaskMemUTF8(Domain);
            try
            {
                Verify(OrtApi.CreateDomain((byte*)name, out _domain));
            }
            finally
            {
                Marshal.FreeCoTaskMem(name);
            }

            foreach (nint op in _operators)
            {
                Verify(OrtApi.AddOperator(_domain, (OrtCustomOp*)op));
            }

            Verify(OrtApi.AddDomain(options.DangerousGetHandle(), _domain));
            GC.KeepAlive(options);
        }

        public void Dispose()
        {
            if (_domain != 0)
            {
                OrtApi.ReleaseDomain(_domain);
                _domain = 0;
            }

            foreach (ref nint op in _operators.AsSpan())
            {
                if (op != 0)
                {
                    CustomOperator.Free((CustomOperator*)op);
                    op = 0;
                }
            }

            _context.Dispose();
        }

        private static void Verify(nint status)
        {
            if (OrtApi.TakeMessage(status) is { } message)
            {
                throw new InvalidOperationException($"ONNX Runtime refuses GreenTune's CUDA operators: {message}");
            }
        }
    }
}
