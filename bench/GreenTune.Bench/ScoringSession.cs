using GreenTune.Models.Folders;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Bench;

/// <summary>Logits of all positions of a text, by a folder's scoring graph: the kernels and weights that are served.</summary>
internal sealed class ScoringSession : IDisposable
{
    private readonly ModelFolder _folder;
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();

    public ScoringSession(ModelFolder folder, int threads)
    {
        _folder = folder;
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, IntraOpNumThreads = threads };
        _session = new InferenceSession(folder.ScoringGraphPath ?? throw new ArgumentException($"{folder.Id} has no scoring graph.", nameof(folder)), options);
    }

    /// <summary>[tokens, vocabulary].</summary>
    public float[] Logits(int[] tokens)
    {
        var logits = new float[(long)tokens.Length * _folder.VocabularySize];
        var values = new List<OrtValue>();
        using OrtIoBinding binding = _session.CreateIoBinding();
        Input("input_ids", Array.ConvertAll(tokens, t => (long)t), 1, tokens.Length);
        Input("seqlens_k", new[] { tokens.Length - 1 }, 1);
        Input("total_sequence_length", new[] { tokens.Length });
        for (int i = 0; i < _folder.Layers; i++)
        {
            foreach (string part in (string[])["key", "value"])
            {
                OrtValue cache = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, _folder.KeyValueType, [1, _folder.KeyValueHeads, tokens.Length, _folder.HeadSize]);
                values.Add(cache);
                binding.BindInput($"past_key_values.{i}.{part}", cache);
                binding.BindOutput($"present.{i}.{part}", cache);
            }
        }
        OrtValue output = OrtValue.CreateTensorValueFromMemory(logits, [1, tokens.Length, _folder.VocabularySize]);
        values.Add(output);
        binding.BindOutput("logits", output);
        _session.RunWithBinding(_run, binding);
        values.ForEach(v => v.Dispose());
        return logits;

        void Input<T>(string name, T[] memory, params long[] shape) where T : unmanaged
        {
            OrtValue value = OrtValue.CreateTensorValueFromMemory(memory, shape);
            values.Add(value);
            binding.BindInput(name, value);
        }
    }

    public void Dispose()
    {
        _run.Dispose();
        _session.Dispose();
    }
}
