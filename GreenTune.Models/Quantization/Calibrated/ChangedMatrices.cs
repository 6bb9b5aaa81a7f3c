using System.Numerics.Tensors;
using GreenTune.Models.Architectures;

namespace GreenTune.Models.Quantization.Calibrated;

/// <summary>Weights that another matrix takes the place of while a forward pass goes on.</summary>
internal sealed class ReplaceableMatrix(WeightMatrix first) : WeightMatrix(first.Rows, first.Columns)
{
    private WeightMatrix _current = first;

    public WeightMatrix Current
    {
        get => _current;
        set => _current = (value.Rows, value.Columns) == (Rows, Columns) ? value : throw new ArgumentException("A replacement needs the same shape.", nameof(value));
    }

    public override void Read(int row, int column, Span<float> destination) => _current.Read(row, column, destination);

    public override void Release() => _current.Release();

    public override ModelFolderException Error(int row, string what) => _current.Error(row, what);
}

/// <summary>Weights whose rows and columns are multiplied by factors.</summary>
/// <param name="inner">The weights as they were.</param>
/// <param name="rows">One factor per row; null for 1.</param>
/// <param name="columns">One factor per column; null for 1.</param>
internal sealed class ScaledMatrix(WeightMatrix inner, float[]? rows, float[]? columns) : WeightMatrix(inner.Rows, inner.Columns)
{
    public override void Read(int row, int column, Span<float> destination)
    {
        inner.Read(row, column, destination);
        if (columns is not null)
            TensorPrimitives.Multiply(destination, columns.AsSpan(column, destination.Length), destination);
        if (rows is not null)
            TensorPrimitives.Multiply(destination, rows[row], destination);
    }

    public override void Release() => inner.Release();

    public override ModelFolderException Error(int row, string what) => inner.Error(row, what);
}
