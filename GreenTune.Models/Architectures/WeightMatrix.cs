using GreenTune.Models.Checkpoints;

namespace GreenTune.Models.Architectures;

/// <summary>A weight matrix [rows = outputs, columns = inputs] that is read in runs, never as a whole.</summary>
internal abstract class WeightMatrix(int rows, int columns)
{
    public int Rows => rows;

    public int Columns => columns;

    public long Elements => (long)rows * columns;

    /// <summary>Copies <paramref name="destination"/>.Length elements of one row, from <paramref name="column"/> on.</summary>
    public abstract void Read(int row, int column, Span<float> destination);

    /// <summary>Says that the weights are not needed soon; they can be read again.</summary>
    public abstract void Release();

    /// <summary>An error about the weights of <paramref name="row"/>, naming their tensor.</summary>
    public abstract ModelFolderException Error(int row, string what);

    public static WeightMatrix From(CheckpointTensor tensor) => new TensorMatrix(tensor, checked((int)tensor.Shape[0]), checked((int)tensor.Shape[1]));

    /// <summary>A one-dimensional tensor as a matrix of one row.</summary>
    public static WeightMatrix Vector(CheckpointTensor tensor) => new TensorMatrix(tensor, 1, checked((int)tensor.Shape[0]));

    /// <summary>The rows of <paramref name="parts"/> one below the other, as for packed query, key and value.</summary>
    public static WeightMatrix Stack(params WeightMatrix[] parts) => new StackedMatrix(parts);

    /// <summary>Vectors [1, size] behind each other.</summary>
    public static WeightMatrix Join(params WeightMatrix[] parts) => new JoinedVector(parts);

    public static WeightMatrix Zeros(int size) => new ZeroVector(size);

    /// <summary>Rows <paramref name="first"/> to <paramref name="first"/> + <paramref name="rows"/> of a packed matrix.</summary>
    public WeightMatrix Slice(int first, int rows) => new RowsOf(this, first, rows);

    /// <summary>Columns <paramref name="first"/> to <paramref name="first"/> + <paramref name="columns"/>.</summary>
    public WeightMatrix Range(int first, int columns) => new ColumnsOf(this, first, columns);

    /// <summary>All of one row.</summary>
    public float[] Row(int row)
    {
        var values = new float[Columns];
        Read(row, 0, values);
        return values;
    }

    private sealed class TensorMatrix(CheckpointTensor tensor, int rows, int columns) : WeightMatrix(rows, columns)
    {
        public override void Read(int row, int column, Span<float> destination) => tensor.Read(((long)row * Columns) + column, destination);

        public override void Release() => tensor.Release();

        public override ModelFolderException Error(int row, string what) => tensor.Error(what);
    }

    private sealed class RowsOf(WeightMatrix whole, int first, int rows) : WeightMatrix(rows, whole.Columns)
    {
        public override void Read(int row, int column, Span<float> destination) => whole.Read(first + row, column, destination);

        public override void Release() => whole.Release();

        public override ModelFolderException Error(int row, string what) => whole.Error(first + row, what);
    }

    private sealed class ColumnsOf(WeightMatrix whole, int first, int columns) : WeightMatrix(whole.Rows, columns)
    {
        public override void Read(int row, int column, Span<float> destination) => whole.Read(row, first + column, destination);

        public override void Release() => whole.Release();

        public override ModelFolderException Error(int row, string what) => whole.Error(row, what);
    }

    private sealed class ZeroVector(int size) : WeightMatrix(1, size)
    {
        public override void Read(int row, int column, Span<float> destination) => destination.Clear();

        public override void Release()
        {
            // Nothing is mapped.
        }

        public override ModelFolderException Error(int row, string what) => throw new InvalidOperationException($"A vector of zeros {what}.");
    }

    private sealed class JoinedVector(WeightMatrix[] parts) : WeightMatrix(1, parts.Sum(p => p.Columns))
    {
        public override void Read(int row, int column, Span<float> destination)
        {
            foreach (WeightMatrix part in parts)
            {
                if (column >= part.Columns)
                {
                    column -= part.Columns;
                    continue;
                }
                int count = Math.Min(destination.Length, part.Columns - column);
                part.Read(row, column, destination[..count]);
                destination = destination[count..];
                column = 0;
                if (destination.IsEmpty)
                    return;
            }
            if (!destination.IsEmpty)
                throw new ArgumentOutOfRangeException(nameof(column));
        }

        public override void Release()
        {
            foreach (WeightMatrix part in parts)
                part.Release();
        }

        public override ModelFolderException Error(int row, string what) => parts[0].Error(row, what);
    }

    private sealed class StackedMatrix : WeightMatrix
    {
        private readonly WeightMatrix[] _parts;

        public StackedMatrix(WeightMatrix[] parts) : base(parts.Sum(p => p.Rows), parts[0].Columns)
        {
            if (parts.Any(p => p.Columns != Columns))
                throw new ArgumentException("Matrices that are stacked need equal numbers of columns.", nameof(parts));
            _parts = parts;
        }

        public override void Read(int row, int column, Span<float> destination)
        {
            (WeightMatrix part, int partRow) = Part(row);
            part.Read(partRow, column, destination);
        }

        public override void Release()
        {
            foreach (WeightMatrix part in _parts)
                part.Release();
        }

        public override ModelFolderException Error(int row, string what)
        {
            (WeightMatrix part, int partRow) = Part(row);
            return part.Error(partRow, what);
        }

        private (WeightMatrix Part, int Row) Part(int row)
        {
            foreach (WeightMatrix part in _parts)
            {
                if (row < part.Rows)
                    return (part, row);
                row -= part.Rows;
            }
            throw new ArgumentOutOfRangeException(nameof(row));
        }
    }
}
