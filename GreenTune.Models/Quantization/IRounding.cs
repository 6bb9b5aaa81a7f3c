using GreenTune.Models.Architectures;
using GreenTune.Models.Reference;

namespace GreenTune.Models.Quantization;

/// <summary>Finds the codes of one row of a matrix. Safe for concurrent use: rows are rounded in parallel and in any order.</summary>
internal interface IRowRounder
{
    /// <summary>Form of what <see cref="Round"/> writes.</summary>
    BlockFormat Format { get; }

    /// <param name="index">Which row of the matrix, or of the maps of a group one below the other, this is.</param>
    /// <param name="row">Weights.</param>
    /// <param name="codes">Blocks x bytes of a block.</param>
    /// <param name="scales">One per block.</param>
    /// <param name="zeroPoints">Packed; empty where blocks are symmetric.</param>
    void Round(int index, ReadOnlySpan<float> row, Span<byte> codes, Span<float> scales, Span<byte> zeroPoints);
}

/// <summary>How all matrices of a decoder are rounded. Layers are asked for once each, in order, then the output projection.</summary>
internal interface IRounding
{
    /// <summary>What it was calibrated with, and its hash; null where it looks at the weights alone.</summary>
    string? Calibration { get; }

    /// <summary>The layer as it is to be stored, whose weights a method may have changed, and the rounders of its matrices.</summary>
    RoundedLayer Layer(int index, DecoderLayer layer);

    /// <summary>The rounder of the output projection, whose bytes may serve as embedding too: its weights stay as they are.</summary>
    /// <param name="head">[vocabulary, hidden].</param>
    /// <param name="format">Form of the output projection, which may differ from the layers'.</param>
    IRowRounder Head(WeightMatrix head, BlockFormat format);
}

/// <summary>A layer with the rounder of each group of its matrices.</summary>
internal sealed record RoundedLayer(DecoderLayer Layer, Func<LinearGroup, IRowRounder> Rounder);

/// <summary>Rounding that looks at nothing but the weights.</summary>
internal sealed class PlainRounding(Func<BlockFormat, IRowRounder> create, BlockFormat layers) : IRounding
{
    private readonly IRowRounder _rounder = create(layers);

    public string? Calibration => null;

    public RoundedLayer Layer(int index, DecoderLayer layer) => new(layer, _ => _rounder);

    public IRowRounder Head(WeightMatrix head, BlockFormat format) => create(format);
}
