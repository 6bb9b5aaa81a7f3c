using GreenTune.Models.Onnx.Wire;
using GreenTune.Models.Quantization;

namespace GreenTune.Models.Building;

/// <summary>A written block-quantised matrix.</summary>
/// <param name="Rows">Outputs.</param>
/// <param name="Columns">Inputs.</param>
/// <param name="Format">Form of its blocks.</param>
/// <param name="Codes">[rows, blocks, bytes of a block].</param>
/// <param name="Scales">[rows, blocks].</param>
/// <param name="ZeroPoints">Packed, [rows, bytes]; null for symmetric blocks.</param>
internal sealed record QuantizedMatrix(int Rows, int Columns, BlockFormat Format, TensorProto Codes, TensorProto Scales, TensorProto? ZeroPoints)
{
    /// <summary>In the order in which operators take them.</summary>
    public IReadOnlyList<TensorProto> Tensors => ZeroPoints is null ? [Codes, Scales] : [Codes, Scales, ZeroPoints];
}
