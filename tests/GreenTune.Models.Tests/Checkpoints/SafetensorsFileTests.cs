using System.Text;
using FsCheck;
using FsCheck.Fluent;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Tests.Support;

namespace GreenTune.Models.Tests.Checkpoints;

public sealed class SafetensorsFileTests : IDisposable
{
    private const string Name = "model.safetensors";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_written_tensor_is_read_back_exactly()
    {
        Gen<SafetensorsWriter.Tensor> tensor =
            from type in Gen.Elements("F32", "F16", "BF16")
            from rows in Gen.Choose(0, 5)
            from columns in Gen.Choose(1, 9)
            from bits in Gen.Choose(int.MinValue, int.MaxValue).ArrayOf(rows * columns)
            let bytes = bits.SelectMany(b => BitConverter.GetBytes(b)[(type == "F32" ? 0 : 2)..]).ToArray()
            select new SafetensorsWriter.Tensor("", type, [rows, columns], bytes);
        Prop.ForAll(tensor.ListOf().ToArbitrary(), list =>
        {
            SafetensorsWriter.Tensor[] tensors = [.. list.Select((t, i) => t with { Name = $"t{i}" })];
            File.WriteAllBytes(_folder[Name], SafetensorsWriter.Bytes(tensors));
            using SafetensorsFile file = SafetensorsFile.Open(_folder.Path, Name);
            Assert.Equal(tensors.Length, file.Tensors.Count);
            foreach (SafetensorsWriter.Tensor written in tensors)
            {
                CheckpointTensor read = file.Tensors[written.Name];
                Assert.Equal(written.Shape, read.Shape);
                var values = new float[written.Shape[0] * written.Shape[1]];
                read.Read(0, values);
                Assert.Equal(Values(written), values.Select(BitConverter.SingleToUInt32Bits));
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_run_inside_a_tensor_is_read_alone()
    {
        Write(SafetensorsWriter.Float16("w", [2, 3], 1, 2, 3, 4, 5, 6));
        using SafetensorsFile file = SafetensorsFile.Open(_folder.Path, Name);
        var run = new float[3];
        file.Tensors["w"].Read(2, run);
        Assert.Equal([3, 4, 5], run);
    }

    [Fact]
    public void A_file_that_ends_early_is_refused_wherever_it_ends()
    {
        byte[] whole = SafetensorsWriter.Bytes([SafetensorsWriter.Float32("a", [4], 1, 2, 3, 4), SafetensorsWriter.Float16("b", [2], 5, 6)]);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(_folder[Name], whole[..length]);
            var e = Assert.Throws<ModelFolderException>(() => SafetensorsFile.Open(_folder.Path, Name));
            Assert.Contains(Name, e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_truncated_tensor_is_named()
    {
        byte[] whole = SafetensorsWriter.Bytes([SafetensorsWriter.Float32("a", [4], 1, 2, 3, 4), SafetensorsWriter.Float16("b", [2], 5, 6)]);
        File.WriteAllBytes(_folder[Name], whole[..^1]);
        var e = Assert.Throws<ModelFolderException>(() => SafetensorsFile.Open(_folder.Path, Name));
        Assert.Contains("truncated: tensor b", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}""", "does not fit its 4 bytes")]
    [InlineData("""{"w": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}""", "no valid shape")]
    [InlineData("""{"w": {"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 4]}}""", "no valid shape")]
    [InlineData("""{"w": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}""", "no valid data_offsets")]
    [InlineData("""{"w": {"dtype": "F32", "shape": [1], "data_offsets": [0]}}""", "no valid data_offsets")]
    [InlineData("""{"w": {"dtype": "F32", "shape": [1], "data_offsets": [9223372036854775807, 9223372036854775807]}}""", "truncated")]
    [InlineData("""{"w": {"shape": [1], "data_offsets": [0, 4]}}""", "no dtype")]
    [InlineData("""{"w": 5}""", "no dtype")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{", "not JSON")]
    public void A_header_that_does_not_hold_together_is_refused(string header, string because)
    {
        File.WriteAllBytes(_folder[Name], SafetensorsWriter.WithHeader(Encoding.UTF8.GetBytes(header), new byte[8]));
        var e = Assert.Throws<ModelFolderException>(() => SafetensorsFile.Open(_folder.Path, Name));
        Assert.Contains(because, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_bytes_never_do_more_than_be_refused()
    {
        Prop.ForAll(Gen.Choose(0, 255).Select(i => (byte)i).ArrayOf().ToArbitrary(), bytes =>
        {
            File.WriteAllBytes(_folder[Name], bytes);
            Assert.Throws<ModelFolderException>(() => SafetensorsFile.Open(_folder.Path, Name));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_type_that_is_not_read_is_named_when_its_tensor_is_asked_for()
    {
        Write(new SafetensorsWriter.Tensor("index", "I64", [1], new byte[8]));
        using SafetensorsFile file = SafetensorsFile.Open(_folder.Path, Name);
        var e = Assert.Throws<ModelFolderException>(() => file.Tensors["index"].Read(0, new float[1]));
        Assert.Contains("tensor index in model.safetensors has the type I64; F32, F16 and BF16 are read", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disposed_file_is_not_read()
    {
        Write(SafetensorsWriter.Float32("w", [1], 1));
        SafetensorsFile file = SafetensorsFile.Open(_folder.Path, Name);
        CheckpointTensor tensor = file.Tensors["w"];
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tensor.Read(0, new float[1]));
    }

    private void Write(params SafetensorsWriter.Tensor[] tensors) => SafetensorsWriter.Write(_folder[Name], tensors);

    /// <summary>Bits of each value as float32.</summary>
    private static IEnumerable<uint> Values(SafetensorsWriter.Tensor tensor)
    {
        int size = tensor.Type == "F32" ? 4 : 2;
        for (int i = 0; i < tensor.Bytes.Length; i += size)
        {
            yield return tensor.Type switch
            {
                "F32" => BitConverter.ToUInt32(tensor.Bytes, i),
                "F16" => BitConverter.SingleToUInt32Bits((float)BitConverter.ToHalf(tensor.Bytes, i)),
                _ => (uint)BitConverter.ToUInt16(tensor.Bytes, i) << 16,
            };
        }
    }
}
