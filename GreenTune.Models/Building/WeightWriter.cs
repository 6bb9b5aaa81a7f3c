using System.Numerics.Tensors;
using GreenTune.Models.Architectures;
using GreenTune.Models.Onnx;
using GreenTune.Models.Onnx.Wire;
using GreenTune.Models.Quantization;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Building;

/// <summary>Writes a decoder's weights at a precision, a row at a time, and keeps what the graphs need to use them.</summary>
/// <param name="file">Where the bytes go.</param>
/// <param name="options">Precision and types.</param>
/// <param name="written">Told the number of elements after each row.</param>
/// <param name="cancellationToken">Stops between rows.</param>
/// <exception cref="ModelFolderException">A weight is not finite, or too large for the type it is stored in.</exception>
internal sealed class WeightWriter(WeightFileWriter file, BuildOptions options, Action<long> written, CancellationToken cancellationToken)
{
    /// <summary>A matrix of a layer, at the folder's precision.</summary>
    public LinearWeights Linear(string name, WeightMatrix matrix) => options.Bits is null
        ? new DenseLinear(Dense(name, matrix))
        : new QuantizedLinear(Quantized(name, matrix), options);

    /// <summary>A norm's scale, [hidden].</summary>
    public TensorProto Vector(string name, WeightMatrix vector)
    {
        TensorProto tensor = file.Begin(name, options.Activations, vector.Columns);
        WriteRows(vector, row => file.Write(row, options.Activations));
        return tensor;
    }

    /// <summary>[rows, columns] in the type of the activations.</summary>
    public TensorProto Dense(string name, WeightMatrix matrix)
    {
        TensorProto tensor = file.Begin(name + ".weight", options.Activations, matrix.Rows, matrix.Columns);
        WriteRows(matrix, row => file.Write(row, options.Activations));
        return tensor;
    }

    /// <summary>A matrix at the folder's bits.</summary>
    public QuantizedMatrix Quantized(string name, WeightMatrix matrix)
    {
        int bits = options.Bits ?? throw new InvalidOperationException("The folder's weights are floating point.");
        var quantizer = new BlockQuantizer(bits, options.BlockSize, options.Symmetric, options.Activations == TensorElementType.Float16);
        int blocks = quantizer.Blocks(matrix.Columns);
        int zeroPointBytes = options.Symmetric ? 0 : quantizer.ZeroPointBytes(matrix.Columns);
        var codes = new byte[blocks * quantizer.BytesPerBlock];
        // Scales and zero points are stored behind the codes: a small part of the matrix waits in memory until then.
        var scales = new float[(long)matrix.Rows * blocks];
        var zeroPoints = new byte[(long)matrix.Rows * zeroPointBytes];
        int index = 0;

        TensorProto codeTensor = file.Begin(name + ".codes", TensorElementType.UInt8, matrix.Rows, blocks, quantizer.BytesPerBlock);
        WriteRows(matrix, row =>
        {
            quantizer.Quantize(row, codes, scales.AsSpan(index * blocks, blocks), zeroPoints.AsSpan(index * zeroPointBytes, zeroPointBytes));
            file.Write(codes);
            index++;
        });
        TensorProto scaleTensor = file.Begin(name + ".scales", options.Activations, matrix.Rows, blocks);
        file.Write(scales, options.Activations);
        TensorProto? zeroPointTensor = null;
        if (!options.Symmetric)
        {
            zeroPointTensor = file.Begin(name + ".zero_points", TensorElementType.UInt8, matrix.Rows, zeroPointBytes);
            file.Write(zeroPoints);
        }
        return new QuantizedMatrix(matrix.Rows, matrix.Columns, bits, codeTensor, scaleTensor, zeroPointTensor);
    }

    /// <summary>A table of <paramref name="rows"/> rows that <paramref name="fill"/> computes.</summary>
    public TensorProto Table(string name, int rows, int columns, Action<int, Span<float>> fill)
    {
        TensorProto tensor = file.Begin(name, options.Activations, rows, columns);
        var row = new float[columns];
        for (int i = 0; i < rows; i++)
        {
            fill(i, row);
            file.Write(row, options.Activations);
        }
        return tensor;
    }

    private void WriteRows(WeightMatrix matrix, Action<ReadOnlySpan<float>> write)
    {
        var row = new float[matrix.Columns];
        for (int i = 0; i < matrix.Rows; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            matrix.Read(i, 0, row);
            Check(matrix, i, row);
            write(row);
            written(row.Length);
        }
    }

    private void Check(WeightMatrix matrix, int index, ReadOnlySpan<float> row)
    {
        float largest = TensorPrimitives.MaxMagnitude(row);
        if (!float.IsFinite(largest))
            throw matrix.Error(index, "has a weight that is no finite number");
        // Scales are smaller than what they scale, so that the limit serves for them too.
        if (options.Activations == TensorElementType.Float16 && MathF.Abs(largest) > (float)Half.MaxValue)
            throw matrix.Error(index, $"has a weight of {largest}, which float16 cannot hold");
    }
}
