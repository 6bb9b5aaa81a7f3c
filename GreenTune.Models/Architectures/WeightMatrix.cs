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

    /// <summary>Rows <paramref name="first"/> to <paramref name="first"/> + <paramref name="rows"/> of a packed matrix.</summary>
    public WeightMatrix Slice(int first, int rows) => new RowsOf(this, first, rows);

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
