using FsCheck;
using FsCheck.Fluent;
using GreenTune.Models.Adapters;
using GreenTune.Models.Tests.Support;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GreenTune.Models.Tests.Adapters;

public sealed class AdapterFileTests : IDisposable
{
    private static readonly Gen<AdapterTensor> Tensors =
        from name in Gen.Elements("layers.0.attention.qkv.lora_a", "b", "", "größe.lora_b", "layers.11.feed_forward.down.lora_a")
        from type in Gen.Elements(TensorElementType.Float, TensorElementType.Float16, TensorElementType.BFloat16)
        from shape in Gen.Choose(0, 5).Select(n => (long)n).ListOf().Select(sizes => sizes.Take(3).ToArray())
        from seed in Gen.Choose(0, int.MaxValue)
        select new AdapterTensor(name, type, shape, Bytes(seed, (int)shape.Aggregate(1L, (a, b) => a * b) * (type == TensorElementType.Float ? 4 : 2)));

    private static readonly Gen<AdapterFile> Files =
        from tensors in Tensors.ListOf()
        from version in Gen.Choose(-3, 1000)
        select new AdapterFile { AdapterVersion = version, ModelVersion = version + 1, Tensors = [.. tensors.Take(6)] };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_written_is_read() => Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Files.ToArbitrary(), file =>
    {
        file.Write(_folder["a.onnx_adapter"]);
        AdapterFile read = AdapterFile.Read(_folder["a.onnx_adapter"]);
        Assert.Equal((file.AdapterVersion, file.ModelVersion, file.Tensors.Count), (read.AdapterVersion, read.ModelVersion, read.Tensors.Count));
        foreach ((AdapterTensor expected, AdapterTensor found) in file.Tensors.Zip(read.Tensors))
        {
            Assert.Equal((expected.Name, expected.Type), (found.Name, found.Type));
            Assert.Equal(expected.Shape, found.Shape);
            Assert.True(expected.Data.Span.SequenceEqual(found.Data.Span));
        }
    }));

    /// <summary>OrtLoraAdapter checks a file with FlatBuffers' own verifier. Scalars and empty tensors are none of its parameters.</summary>
    [Fact]
    public void ONNX_Runtime_takes_what_is_written() => Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Files.Where(f => f.Tensors.All(t => t.Data.Length > 0 && t.Shape.Count > 0)).ToArbitrary(), file =>
    {
        file.Write(_folder["b.onnx_adapter"]);
        using OrtLoraAdapter adapter = OrtLoraAdapter.Create(_folder["b.onnx_adapter"], null);
        Assert.False(adapter.IsInvalid);
    }));

    [Fact]
    public void Damaged_files_are_refused_and_break_nothing()
    {
        byte[] sound = Sound();
        var cases = from place in Gen.Choose(0, sound.Length - 1) from value in Gen.Choose(0, 255) from cut in Gen.Frequency((4, Gen.Constant(sound.Length)), (1, Gen.Choose(0, sound.Length))) select (place, value, cut);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(cases.ToArbitrary(), change =>
        {
            byte[] damaged = [.. sound];
            damaged[change.place] = (byte)change.value;
            try
            {
                AdapterFile.Read(damaged[..change.cut], "damaged");
            }
            catch (AdapterException e)
            {
                Assert.Contains("damaged", e.Message, StringComparison.Ordinal);
            }
        }));
    }

    [Fact]
    public void Any_truncation_is_refused()
    {
        byte[] sound = Sound();
        for (int length = 0; length < sound.Length; length++)
            Assert.Throws<AdapterException>(() => AdapterFile.Read(sound[..length], "cut"));
    }

    [Fact]
    public void A_file_of_another_kind_is_named()
    {
        File.WriteAllText(_folder["notes.onnx_adapter"], "these are notes");
        AdapterException e = Assert.Throws<AdapterException>(() => AdapterFile.Read(_folder["notes.onnx_adapter"]));
        Assert.StartsWith("notes.onnx_adapter is no adapter file", e.Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<AdapterException>(() => AdapterFile.Read(_folder["none.onnx_adapter"])).Message, StringComparison.Ordinal);
    }

    private static byte[] Sound()
    {
        using var folder = new TemporaryFolder();
        new AdapterFile { Tensors = [new("x.lora_a", TensorElementType.Float, [3, 2], Bytes(1, 24)), new("x.lora_b", TensorElementType.Float16, [2, 4], Bytes(2, 16))] }.Write(folder["s"]);
        return File.ReadAllBytes(folder["s"]);
    }

    private static byte[] Bytes(int seed, int count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
