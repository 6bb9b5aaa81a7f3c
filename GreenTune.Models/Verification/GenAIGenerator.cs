using GreenTune.Models.Folders;
using Microsoft.ML.OnnxRuntimeGenAI;

namespace GreenTune.Models.Verification;

/// <summary>ONNX Runtime GenAI's own Generator on a folder, on a CPU.</summary>
internal sealed class GenAIGenerator : IDisposable
{
    private readonly Model _model;

    public GenAIGenerator(ModelFolder folder)
    {
        using var config = new Config(folder.FolderPath);
        _model = new Model(config);
    }

    /// <summary>Greedy continuation, up to <paramref name="count"/> tokens or a stop token, which GenAI leaves out.</summary>
    public int[] Greedy(int[] prompt, int count)
    {
        using var parameters = new GeneratorParams(_model);
        parameters.SetSearchOption("max_length", prompt.Length + count);
        parameters.SetSearchOption("do_sample", false);
        using var generator = new Generator(_model, parameters);
        generator.AppendTokens(prompt);
        while (!generator.IsDone())
            generator.GenerateNextToken();
        return generator.GetSequence(0)[prompt.Length..].ToArray();
    }

    public void Dispose() => _model.Dispose();
}
