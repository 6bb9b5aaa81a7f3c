using GreenTune.Core.Attribution;
using GreenTune.Models.Folders;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Inference.Engine.Running;

/// <summary>Opens a model folder as a runner: its session, its memory on the device, its division into rows.</summary>
internal static class RunnerFactory
{
    /// <summary>Lengths that rows stand in, below the longest context. Short rows are many, and a GPU's captured step computes attention over its class's whole length.</summary>
    private static readonly int[] Capacities = [512, 2048, 8192, 32768];

    /// <summary>A GPU computes a short prompt no slower beside others; a CPU gains nothing.</summary>
    private const int PrefillTokensTogether = 8192;

    /// <exception cref="OnnxRuntimeException">The session cannot be made.</exception>
    /// <exception cref="InvalidOperationException">The memory does not hold a row.</exception>
    public static IModelRunner Open(ModelFolder folder, ExecutionProvider provider, RunnerBudget budget)
    {
        DeviceMemory memory = provider.Cuda ? new CudaMemory() : new HostMemory();
        RunnerSession? session = null;
        try
        {
            bool ours = folder.EngineGraphPath is not null;
            session = RunnerSession.Open(folder, provider, (memory as CudaMemory)?.Stream ?? 0);

            // After the weights: on a GPU what is left is what there is.
            long bytes = budget.Bytes(provider.Cuda ? CudaRuntime.Memory().Free : null);
            int context = Math.Min(folder.ContextLength, budget.MaxContextTokens);
            var plan = new RunnerPlan(KvPlan.For(context, folder.KeyValueBytesPerToken, bytes, budget.MaxRows, Capacities), budget.MaxRows, provider.Cuda ? PrefillTokensTogether : 0, Work(folder));
            return ours ? new EngineGraphRunner(session, folder, memory, plan) : new GenAIGraphRunner(session, folder, memory, plan);
        }
        catch
        {
            session?.Dispose();
            memory.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The cost model of design section 4.3. Where a foreign graph does not show its matrices, its parameters are taken from the
    /// bytes of its files at 16 bits each: a scale factor, which attribution within one configuration does not depend on.
    /// </summary>
    private static WorkModel Work(ModelFolder folder) => new(
        folder.Id,
        folder.MultipliedParameters ?? folder.Bytes / 2.0,
        4.0 * folder.Layers * folder.Heads * folder.HeadSize,
        folder.WeightBytesPerStep ?? folder.Bytes,
        folder.KeyValueBytesPerToken);
}
