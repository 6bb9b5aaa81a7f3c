namespace GreenTune.Models.Checkpoints.Gguf;

/// <summary>A tensor of a GGUF file under Hugging Face's name and in its order of rows.</summary>
/// <param name="file">Where it lies.</param>
/// <param name="info">As the file lists it.</param>
/// <param name="name">Name in Hugging Face's checkpoints.</param>
/// <param name="interleavedHeadSize">
/// Rows of each head that llama.cpp's converter interleaved: it stores row a d/2 + i of a head of size d (a is 0 or 1) as row 2 i + a, since its rotary
/// embedding turns neighbours. Null where rows are in order.
/// </param>
internal sealed class GgufTensor(MappedFile file, GgufTensorInfo info, string name, int? interleavedHeadSize)
    : CheckpointTensor(name, info.Type.ToString(), info.Shape)
{
    /// <summary>Most numbers that are turned at once, a multiple of every block.</summary>
    private const int MaximumRun = 1 << 20;

    private readonly long _columns = info.Shape.Length > 1 ? info.Shape[^1] : 1;

    public override string FileName => file.Name;

    public override void Read(long start, Span<float> destination)
    {
        if (interleavedHeadSize is not { } headSize)
        {
            ReadStored(start, destination);
            return;
        }
        while (destination.Length > 0)
        {
            (long row, long column) = Math.DivRem(start, _columns);
            int count = (int)Math.Min(_columns - column, destination.Length);
            ReadStored((StoredRow(row, headSize) * _columns) + column, destination[..count]);
            destination = destination[count..];
            start += count;
        }
    }

    public override void Release() => file.Release(info.Offset, info.Bytes);

    public override ModelFolderException Error(string what) => new(file.Folder, $"tensor {Name} ({info.Name}) in {file.Name} {what}");

    private static long StoredRow(long row, int headSize)
    {
        (long head, long within) = Math.DivRem(row, headSize);
        (long part, long pair) = Math.DivRem(within, headSize / 2);
        return (head * headSize) + (2 * pair) + part;
    }

    private void ReadStored(long start, Span<float> destination)
    {
        int size = info.Type.BlockElements();
        while (destination.Length > 0)
        {
            (long block, long inside) = Math.DivRem(start, size);
            int count;
            if (inside == 0 && destination.Length >= size)
            {
                count = Math.Min(destination.Length, MaximumRun) / size * size;
                info.Type.Dequantize(Blocks(block, count / size), destination[..count]);
            }
            else
            {
                count = (int)Math.Min(size - inside, destination.Length);
                ReadPartOfBlock(block, (int)inside, destination[..count]);
            }
            destination = destination[count..];
            start += count;
        }
    }

    private void ReadPartOfBlock(long block, int inside, Span<float> destination)
    {
        Span<float> whole = stackalloc float[GgufSuperBlocks.Elements];
        whole = whole[..info.Type.BlockElements()];
        info.Type.Dequantize(Blocks(block, 1), whole);
        whole.Slice(inside, destination.Length).CopyTo(destination);
    }

    private ReadOnlySpan<byte> Blocks(long first, int count)
    {
        int bytes = info.Type.BlockBytes();
        return file.Bytes(info.Offset + (first * bytes), checked(count * bytes));
    }
}
