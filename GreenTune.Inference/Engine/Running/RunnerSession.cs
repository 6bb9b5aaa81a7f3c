using GreenTune.Inference.Cuda;
using GreenTune.Models.Folders;
using Microsoft.ML.OnnxRuntime;
using OrtSessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace GreenTune.Inference.Engine.Running;

/// <summary>A folder's session and what has to live as long as it.</summary>
internal sealed class RunnerSession : IDisposable
{
    private const string WeightsFolder = "session.model_external_initializers_file_folder_path";

    private readonly IDisposable? _operators;

    private RunnerSession(InferenceSession session, IDisposable? operators)
    {
        Session = session;
        _operators = operators;
    }

    public InferenceSession Session { get; }

    /// <summary>The engine's graph where the folder has one, on a GPU with our own kernels in it where they are there; GenAI's graph otherwise.</summary>
    public static RunnerSession Open(ModelFolder folder, ExecutionProvider provider, nint stream)
    {
        using OrtSessionOptions options = provider.SessionOptions(stream, graphs: folder.EngineGraphPath is not null);
        if (folder.EngineGraphPath is not { } engine)
        {
            return new RunnerSession(new InferenceSession(folder.GenAIGraphPath, options), null);
        }

        if (provider.Kernels is not { } kernels)
        {
            return new RunnerSession(new InferenceSession(engine, options), null);
        }

        IDisposable operators = kernels.AddTo(options);
        try
        {
            options.AddSessionConfigEntry(WeightsFolder, folder.FolderPath);
            return new RunnerSession(new InferenceSession(EngineGraphRewriter.Rewrite(engine), options), operators);
        }
        catch
        {
            operators.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Session.Dispose();
        _operators?.Dispose();
    }
}
