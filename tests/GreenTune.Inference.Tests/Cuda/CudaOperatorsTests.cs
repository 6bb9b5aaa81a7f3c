using System.Runtime.InteropServices;
using GreenTune.Inference.Cuda;
using Microsoft.Extensions.Logging;

namespace GreenTune.Inference.Tests.Cuda;

public sealed class CudaOperatorsTests
{
    [Fact]
    public void Without_the_library_there_are_none_and_the_log_says_why_in_one_line()
    {
        var log = new Lines();
        string folder = Directory.CreateTempSubdirectory("greentune-cuda-").FullName;
        try
        {
            Assert.Null(CudaOperators.Find(folder, log));
            Assert.Contains("libgreentune_cuda.so is not beside the program", Assert.Single(log.Messages), StringComparison.Ordinal);

            File.WriteAllText(Path.Combine(folder, NativeKernels.LibraryName), "no library");
            Assert.Null(CudaOperators.Find(folder, log));
            Assert.Contains("libgreentune_cuda.so does not load", log.Messages[1], StringComparison.Ordinal);
            Assert.Null(CudaOperators.Find(folder, null));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The offsets are those of ONNX Runtime's C header, version 17, on a 64-bit machine.
    [Theory]
    [InlineData(nameof(OrtCustomOp.Version), 0)]
    [InlineData(nameof(OrtCustomOp.GetName), 16)]
    [InlineData(nameof(OrtCustomOp.GetInputType), 32)]
    [InlineData(nameof(OrtCustomOp.GetOutputTypeCount), 56)]
    [InlineData(nameof(OrtCustomOp.KernelDestroy), 72)]
    [InlineData(nameof(OrtCustomOp.GetInputMemoryType), 96)]
    [InlineData(nameof(OrtCustomOp.CreateKernelV2), 136)]
    [InlineData(nameof(OrtCustomOp.KernelComputeV2), 144)]
    [InlineData(nameof(OrtCustomOp.GetEndVersion), 168)]
    [InlineData(nameof(OrtCustomOp.ReleaseAliasMap), 200)]
    public void The_table_of_an_operator_lies_as_ONNX_Runtime_reads_it(string field, int offset) => Assert.Equal(offset, (int)Marshal.OffsetOf<OrtCustomOp>(field));

    [Fact]
    public void The_arguments_of_the_kernels_lie_as_the_library_reads_them()
    {
        Assert.Equal(64, (int)Marshal.OffsetOf<MatMulArguments>(nameof(MatMulArguments.Tokens)));
        Assert.Equal(96, Marshal.SizeOf<MatMulArguments>());
        Assert.Equal(56, (int)Marshal.OffsetOf<AttentionArguments>(nameof(AttentionArguments.Batch)));
        Assert.Equal(96, Marshal.SizeOf<AttentionArguments>());
    }

    private sealed class Lines : ILogger
    {
        public List<string> Messages { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Messages.Add(formatter(state, exception));
    }
}
