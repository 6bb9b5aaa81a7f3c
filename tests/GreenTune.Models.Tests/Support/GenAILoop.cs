using GreenTune.Models.Folders;
using Microsoft.ML.OnnxRuntimeGenAI;

namespace GreenTune.Models.Tests.Support;

/// <summary>ONNX Runtime GenAI's own Generator on the same folder.</summary>
internal sealed class GenAILoop : IDisposable
{
    private readonly ModelFolder _folder;
    private readonly Model _model;

    public GenAILoop(ModelFolder folder)
    {
        _folder = folder;
        using var config = new Config(folder.FolderPath);
        config.Overlay("""{"model": {"decoder": {"session_options": {"intra_op_num_threads": 1}}}}""");
        _model = new Model(config);
    }

    /// <summary>Greedy answer to one prompt, its stop token included.</summary>
    public int[] Answer(int[] prompt, int maximum)
    {
        using var parameters = new GeneratorParams(_model);
        parameters.SetSearchOption("max_length", prompt.Length + maximum);
        using var generator = new Generator(_model, parameters);
        generator.AppendTokens(prompt);
        while (!generator.IsDone())
            generator.GenerateNextToken();
        int[] answer = generator.GetSequence(0)[prompt.Length..].ToArray();
        // The sequence leaves the stop token out.
        return answer.Length < maximum && !_folder.StopTokenIds.Contains(answer.LastOrDefault(-1)) ? [.. answer, _folder.StopTokenIds[0]] : answer;
    }

    public void Dispose() => _model.Dispose();
}
