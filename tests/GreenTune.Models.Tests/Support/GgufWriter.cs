using System.Text;
using GreenTune.Models.Checkpoints.Gguf;

namespace GreenTune.Models.Tests.Support;

/// <summary>Writes small GGUF files, right ones and wrong ones.</summary>
internal sealed class GgufWriter
{
    private readonly List<(string Key, Action<BinaryWriter> Write)> _metadata = [];

    public uint Version { get; set; } = 3;

    public int Alignment { get; set; } = 32;

    public List<Tensor> Tensors { get; } = [];

    /// <summary>Sizes as the file has them: the innermost first.</summary>
    internal sealed record Tensor(string Name, ulong[] Sizes, uint Type, byte[] Data)
    {
        /// <summary>Said in the file instead of where the data is.</summary>
        public ulong? Offset { get; init; }
    }

    public GgufWriter Text(string key, string value) => Raw(key, 8, w => Write(w, value));

    public GgufWriter UInt32(string key, uint value) => Raw(key, 4, w => w.Write(value));

    public GgufWriter Float(string key, float value) => Raw(key, 6, w => w.Write(value));

    public GgufWriter Boolean(string key, bool value) => Raw(key, 7, w => w.Write(value));

    public GgufWriter Texts(string key, params IReadOnlyList<string> values) => Array(key, 8, values.Count, w =>
    {
        foreach (string value in values)
            Write(w, value);
    });

    public GgufWriter Floats(string key, params IReadOnlyList<float> values) => Array(key, 6, values.Count, w =>
    {
        foreach (float value in values)
            w.Write(value);
    });

    public GgufWriter Integers(string key, params IReadOnlyList<int> values) => Array(key, 5, values.Count, w =>
    {
        foreach (int value in values)
            w.Write(value);
    });

    public GgufWriter Array(string key, uint elementType, int count, Action<BinaryWriter> write) => Raw(key, 9, w =>
    {
        w.Write(elementType);
        w.Write((ulong)count);
        write(w);
    });

    /// <summary>Sets a key, whatever it was before.</summary>
    public GgufWriter Raw(string key, uint type, Action<BinaryWriter> write)
    {
        Without(key);
        return Again(key, type, write);
    }

    /// <summary>Adds a key that may be there already.</summary>
    public GgufWriter Again(string key, uint type, Action<BinaryWriter> write)
    {
        void WriteEntry(BinaryWriter writer)
        {
            writer.Write(type);
            write(writer);
        }

        _metadata.Add((key, WriteEntry));
        return this;
    }

    public GgufWriter Without(string key)
    {
        _metadata.RemoveAll(m => m.Key == key);
        return this;
    }

    /// <summary>Adds a tensor of float32.</summary>
    /// <param name="name">The file's name of it.</param>
    /// <param name="shape">From the outermost, as in Hugging Face's checkpoints.</param>
    /// <param name="values">Row-major.</param>
    public GgufWriter Float32(string name, long[] shape, float[] values) => Add(name, shape, GgufTensorType.F32, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values).ToArray());

    public GgufWriter Add(string name, long[] shape, GgufTensorType type, byte[] data)
    {
        Tensors.RemoveAll(t => t.Name == name);
        Tensors.Add(new Tensor(name, [.. shape.Reverse().Select(s => (ulong)s)], (uint)type, data));
        return this;
    }

    public byte[] Bytes()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)Tensors.Count);
        writer.Write((ulong)_metadata.Count);
        foreach ((string key, Action<BinaryWriter> write) in _metadata)
        {
            Write(writer, key);
            write(writer);
        }
        ulong offset = 0;
        foreach (Tensor tensor in Tensors)
        {
            Write(writer, tensor.Name);
            writer.Write((uint)tensor.Sizes.Length);
            foreach (ulong size in tensor.Sizes)
                writer.Write(size);
            writer.Write(tensor.Type);
            writer.Write(tensor.Offset ?? offset);
            offset += (ulong)Padded(tensor.Data.Length);
        }
        foreach (Tensor tensor in Tensors)
        {
            stream.SetLength(Padded(stream.Length));
            stream.Position = stream.Length;
            writer.Write(tensor.Data);
        }
        return stream.ToArray();
    }

    public string Save(string folder, string name = "model.gguf")
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, name), Bytes());
        return folder;
    }

    private long Padded(long length) => (length + Alignment - 1) / Alignment * Alignment;

    private static void Write(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}
