using System.Numerics.Tensors;
using GreenTune.Models.Architectures;
using GreenTune.Models.Onnx;
using GreenTune.Models.Onnx.Wire;
using GreenTune.Models.Quantization;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Building;

/// <summary>
/// Writes a decoder's weights at a precision, a band of rows at a time, and keeps what the graphs need to use them. The rows of a band are read and rounded
/// on all processors and written in order.
/// </summary>
/// <param name="file">Where the bytes go.</param>
/// <param name="options">Precision and types.</param>
/// <param name="written">Told the number of elements after each band.</param>
/// <param name="cancellationToken">Stops between bands.</param>
/// <exception cref="ModelFolderException">A weight is not finite, or too large for the type it is stored in.</exception>
internal sealed class WeightWriter(WeightFileWriter file, BuildOptions options, Action<long> written, CancellationToken cancellationToken)
{
    /// <summary>Elements of a band, about: enough for all processors, little enough to stay small beside the largest tensor.</summary>
    private const int BandElements = 1 << 20;

    private readonly TensorElementType _type = options.Activations;

    /// <summary>A map of a layer, at the folder's precision.</summary>
    /// <param name="name">Its place in the decoder.</param>
    /// <param name="linear">Weight and bias.</param>
    /// <param name="rounder">Rounds it; null where weights are floating point.</param>
    public LinearWeights Linear(string name, Linear linear, IRowRounder? rounder)
    {
        TensorProto? bias = linear.Bias is null ? null : Vector(name + ".bias", linear.Bias);
        LinearWeights result = rounder is null
            ? new DenseLinear(Dense(name, linear.Weight), bias)
            : new QuantizedLinear(Quantized(name, linear.Weight, rounder), options, bias);
        linear.Weight.Release();
        return result;
    }

    /// <summary>A norm's scale or a bias, [size].</summary>
    public TensorProto Vector(string name, WeightMatrix vector)
    {
        TensorProto tensor = file.Begin(name, _type, vector.Columns);
        float[] values = vector.Row(0);
        Check(vector, 0, values);
        file.Write(values, _type);
        written(values.Length);
        return tensor;
    }

    /// <summary>[rows, columns] in the type of the activations.</summary>
    public TensorProto Dense(string name, WeightMatrix matrix)
    {
        TensorProto tensor = file.Begin(name + ".weight", _type, matrix.Rows, matrix.Columns);
        int rowBytes = matrix.Columns * FloatTypes.Bytes(_type);
        byte[] band = new byte[BandRows(matrix) * rowBytes];
        Bands(matrix, (row, _, inBand) => FloatTypes.Convert(row, _type, band.AsSpan(inBand * rowBytes, rowBytes)), rows => file.Write(band.AsSpan(0, rows * rowBytes)));
        return tensor;
    }

    /// <summary>A matrix in blocks.</summary>
    public QuantizedMatrix Quantized(string name, WeightMatrix matrix, IRowRounder rounder)
    {
        BlockFormat format = rounder.Format;
        int blocks = format.Blocks(matrix.Columns);
        int rowBytes = blocks * format.BytesPerBlock;
        int zeroPointBytes = format.ZeroPointBytes(matrix.Columns);
        byte[] band = new byte[BandRows(matrix) * rowBytes];
        // Scales and zero points are stored behind the codes: a small part of the matrix waits in memory until then.
        var scales = new float[(long)matrix.Rows * blocks];
        var zeroPoints = new byte[(long)matrix.Rows * zeroPointBytes];

        TensorProto codes = file.Begin(name + ".codes", TensorElementType.UInt8, matrix.Rows, blocks, format.BytesPerBlock);
        Bands(
            matrix,
            (row, index, inBand) => rounder.Round(index, row, band.AsSpan(inBand * rowBytes, rowBytes), scales.AsSpan(index * blocks, blocks), zeroPoints.AsSpan(index * zeroPointBytes, zeroPointBytes)),
            rows => file.Write(band.AsSpan(0, rows * rowBytes)));
        TensorProto scaleTensor = file.Begin(name + ".scales", format.ScaleType, matrix.Rows, blocks);
        file.Write(scales, format.ScaleType);
        TensorProto? zeroPointTensor = null;
        if (!format.Symmetric)
        {
            zeroPointTensor = file.Begin(name + ".zero_points", TensorElementType.UInt8, matrix.Rows, zeroPointBytes);
            file.Write(zeroPoints);
        }
        return new QuantizedMatrix(matrix.Rows, matrix.Columns, format, codes, scaleTensor, zeroPointTensor);
    }

    /// <summary>A table of <paramref name="rows"/> rows that <paramref name="fill"/> computes.</summary>
    public TensorProto Table(string name, int rows, int columns, Action<int, Span<float>> fill)
    {
        TensorProto tensor = file.Begin(name, _type, rows, columns);
        var row = new float[columns];
        for (int i = 0; i < rows; i++)
        {
            fill(i, row);
            file.Write(row, _type);
        }
        return tensor;
    }

    private static int BandRows(WeightMatrix matrix) => Math.Clamp(BandElements / matrix.Columns, 1, matrix.Rows);

    /// <summary>Reads and converts each band's rows, then writes the band.</summary>
    private void Bands(WeightMatrix matrix, RowConverter convert, Action<int> write)
    {
        var parallel = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        int bandRows = BandRows(matrix);
        for (int first = 0; first < matrix.Rows; first += bandRows)
        {
            int start = first;
            int count = Math.Min(bandRows, matrix.Rows - first);
            try
            {
                Parallel.For(0, count, parallel, () => new float[matrix.Columns], (i, _, row) =>
                {
                    matrix.Read(start + i, 0, row);
                    Check(matrix, start + i, row);
                    convert(row, start + i, i);
                    return row;
                }, _ => { });
            }
            catch (AggregateException e) when (e.InnerExceptions.OfType<ModelFolderException>().FirstOrDefault() is { } reason)
            {
                throw reason;
            }
            write(count);
            written((long)count * matrix.Columns);
        }
    }

    private void Check(WeightMatrix matrix, int index, ReadOnlySpan<float> row)
    {
        float largest = TensorPrimitives.MaxMagnitude(row);
        if (!float.IsFinite(largest))
            throw matrix.Error(index, "has a weight that is no finite number");
        // Scales are smaller than what they scale, so that the limit serves for them too.
        if (MathF.Abs(largest) > FloatTypes.Largest(_type))
            throw matrix.Error(index, $"has a weight of {largest}, which {FloatTypes.Word(_type)} cannot hold");
    }

    private delegate void RowConverter(ReadOnlySpan<float> row, int index, int inBand);
}
