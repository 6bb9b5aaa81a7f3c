using System.Buffers.Binary;
using GreenTune.Models.Checkpoints;
using GreenTune.Models.Checkpoints.Gguf;
using GreenTune.Models.Tests.Support;

namespace GreenTune.Models.Tests.Checkpoints.Gguf;

public sealed class GgufFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_that_is_not_GGUF_3_little_endian_is_refused_with_what_it_is()
    {
        Refused([.. "GGML"u8, 3, 0, 0, 0], "is no GGUF file");
        Refused([.. "GGUF"u8, 1, 0, 0, 0], "is GGUF of version 1; version 3 is read. Convert");
        Refused([.. "GGUF"u8, 2, 0, 0, 0], "is GGUF of version 2");
        Refused([.. "GGUF"u8, 0, 0, 0, 3], "is big-endian");
        Refused([.. "GGUF"u8, 9, 0, 0, 0], "version 9");
        Refused([.. "GG"u8], "is truncated");
        Refused([], "is truncated: it is empty");
    }

    // No cut may crash, hang, or be taken for a whole model.
    [Fact]
    public void Every_truncation_is_refused()
    {
        byte[] whole = TinyGguf.Llama().Bytes();
        int header = whole.AsSpan().LastIndexOf("output_norm.weight"u8) + 64;
        foreach (int length in Enumerable.Range(0, header / 7).Select(i => i * 7).Concat([header, whole.Length / 2, whole.Length - 1]))
        {
            string message = Refuse(whole[..length]);
            Assert.True(message.Contains("truncated", StringComparison.Ordinal) || message.Contains("damaged", StringComparison.Ordinal), $"{length}: {message}");
        }
    }

    // Damage of a byte gives another model or an error of ours, never another exception.
    [Fact]
    public void Damaged_headers_are_refused_or_read_but_never_crash()
    {
        byte[] whole = TinyGguf.Llama().Bytes();
        int header = whole.AsSpan().LastIndexOf("output_norm.weight"u8) + 64;
        var random = new Random(3);
        for (int i = 0; i < 500; i++)
        {
            byte[] damaged = [.. whole];
            damaged[random.Next(header)] = (byte)random.Next(256);
            File.WriteAllBytes(_folder["model.gguf"], damaged);
            try
            {
                using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
                using var target = new TemporaryFolder();
                checkpoint.WriteTokenizerFiles(target.Path);
            }
            catch (ModelFolderException e)
            {
                Assert.NotEmpty(e.Message);
            }
        }
    }

    [Fact]
    public void Absurd_counts_are_refused_without_an_allocation()
    {
        byte[] tensors = TinyGguf.Llama().Bytes();
        BinaryPrimitives.WriteUInt64LittleEndian(tensors.AsSpan(8), ulong.MaxValue);
        Refused(tensors, "the number of tensors is 18446744073709551615");
        byte[] entries = TinyGguf.Llama().Bytes();
        BinaryPrimitives.WriteUInt64LittleEndian(entries.AsSpan(16), 1UL << 40);
        Refused(entries, "the number of metadata entries is 1099511627776");
        Refused(TinyGguf.Llama().Raw("x.list", 9, w =>
        {
            w.Write(6u);
            w.Write(1UL << 62);
        }), "the number of elements of x.list is 4611686018427387904");
        Refused(TinyGguf.Llama().Raw("x.text", 8, w => w.Write(1UL << 61)), "is truncated: it ends at byte");
        Refused(TinyGguf.Llama().Raw("x.texts", 9, w =>
        {
            w.Write(8u);
            w.Write(1UL);
            w.Write(ulong.MaxValue);
        }), "inside x.texts");
    }

    [Fact]
    public void Metadata_of_unknown_form_is_refused_by_its_key()
    {
        Refused(TinyGguf.Llama().Raw("x.type", 99, _ => { }), "x.type has the unknown type 99");
        Refused(TinyGguf.Llama().Array("x.nested", 9, 1, w => w.Write(0UL)), "x.nested is an array of arrays");
        Refused(TinyGguf.Llama().Array("x.list", 77, 1, w => w.Write(0UL)), "x.list is an array of the unknown type 77");
        Refused(TinyGguf.Llama().Again("general.architecture", 4, w => w.Write(1u)), "general.architecture is there twice");
        Refused(TinyGguf.Llama().UInt32("general.architecture", 1), "general.architecture is 1; text is expected");
        Refused(TinyGguf.Llama().UInt32("general.alignment", 24), "general.alignment is 24; a power of two");
        Refused(TinyGguf.Llama().UInt32("general.alignment", 0), "general.alignment is 0");
        Refused(TinyGguf.Llama().Raw("llama.rope.freq_base", 6, w => w.Write(float.NaN)), "llama.rope.freq_base is NaN; a number is expected");
        Refused(TinyGguf.Llama().Integers("llama.attention.head_count", 4, 4), "llama.attention.head_count is an array; one value is expected");
        Refused(TinyGguf.Llama().Raw("tokenizer.chat_template", 8, w =>
        {
            w.Write(2UL);
            w.Write((byte)0xff);
            w.Write((byte)0xfe);
        }), "tokenizer.chat_template is not UTF-8", tokenizer: true);
    }

    [Fact]
    public void Tensors_that_do_not_fit_are_refused_by_name()
    {
        Refused(With(t => t with { Type = 23 }), "the tensor extra of type IQ4_XS (type 23); F32, F16, Q4_0");
        Refused(With(t => t with { Type = 4 }), "the tensor extra of type number 4");
        Refused(With(t => t with { Sizes = [] }), "tensor extra has 0 dimensions");
        Refused(With(t => t with { Sizes = [1, 1, 1, 1, 1] }), "tensor extra has 5 dimensions");
        Refused(With(t => t with { Sizes = [0, 8] }), "tensor extra has a dimension of 0");
        Refused(With(t => t with { Sizes = [1UL << 40, 1UL << 40] }), "tensor extra has a dimension of");
        Refused(With(t => t with { Sizes = [ulong.MaxValue] }), "tensor extra has a dimension of 18446744073709551615");
        Refused(With(t => t with { Sizes = [8, 4], Type = (uint)GgufTensorType.Q4_0 }), "rows of tensor extra have 8 numbers, where Q4_0 has blocks of 32");
        Refused(With(t => t with { Offset = 4 }), "tensor extra begins at byte 4 of the data, which is no multiple of the alignment (32)");
        Refused(With(t => t with { Offset = 1UL << 50 }), "is truncated: tensor extra has 128 bytes");
        Refused(With(t => t with { Offset = ulong.MaxValue - 31 }), "is truncated: tensor extra has 128 bytes");
        Refused(With(t => t with { Offset = 0 }), "tensors token_embd.weight and extra overlap");
        Refused(With(t => t with { Name = "token_embd.weight" }), "lists the tensor token_embd.weight twice");
        Refused(With(t => t with { Name = new string('n', 300) }), "a tensor's name has 300 bytes; up to 256 are read");

        static GgufWriter With(Func<GgufWriter.Tensor, GgufWriter.Tensor> change)
        {
            GgufWriter file = TinyGguf.Llama();
            file.Tensors.Add(change(new GgufWriter.Tensor("extra", [8, 4], 0, new byte[128])));
            return file;
        }
    }

    [Fact]
    public void Another_alignment_is_followed()
    {
        GgufWriter file = TinyGguf.Llama().UInt32("general.alignment", 256);
        file.Alignment = 256;
        using Checkpoint checkpoint = Checkpoint.Open(file.Save(_folder.Path));
        var values = new float[TinyGguf.Hidden];
        checkpoint.Tensor("model.norm.weight", TinyGguf.Hidden).Read(0, values);
        Assert.Equal(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(file.Tensors[^1].Data).ToArray(), values);
    }

    private void Refused(GgufWriter file, string expected, bool tokenizer = false) => Refused(file.Bytes(), expected, tokenizer);

    private void Refused(byte[] file, string expected, bool tokenizer = false)
    {
        string message = Refuse(file, tokenizer);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains("model.gguf", message, StringComparison.Ordinal);
    }

    private string Refuse(byte[] file, bool tokenizer = false)
    {
        File.WriteAllBytes(_folder["model.gguf"], file);
        return Assert.Throws<ModelFolderException>(() =>
        {
            using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
            if (tokenizer)
                checkpoint.WriteTokenizerFiles(_folder.Path);
        }).Message;
    }
}
