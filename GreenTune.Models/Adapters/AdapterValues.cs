using GreenTune.Models.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Models.Adapters;

/// <summary>An adapter as values that a session can be given.</summary>
public static class AdapterValues
{
    /// <summary>Values by graph input, in the graph's own type and the CPU's memory. The caller disposes them.</summary>
    public static IReadOnlyDictionary<string, OrtValue> Create(LowRankAdapter adapter)
    {
        var values = new Dictionary<string, OrtValue>(StringComparer.Ordinal);
        foreach (LowRankPair pair in adapter.Pairs)
        {
            values.Add(pair.Target.DownName, Value(pair.Target, pair.Down, pair.Target.Inputs, pair.Rank));
            values.Add(pair.Target.UpName, Value(pair.Target, pair.Up, pair.Rank, pair.Target.Outputs));
        }
        return values;
    }

    private static OrtValue Value(AdapterTarget target, float[] numbers, int rows, int columns)
    {
        OrtValue value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, target.Type, [rows, columns]);
        FloatTypes.Convert(numbers, target.Type, value.GetTensorMutableRawData());
        return value;
    }
}
