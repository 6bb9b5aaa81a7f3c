using System.Text;
using FsCheck;
using FsCheck.Fluent;
using GreenTune.Inference.External;

namespace GreenTune.Inference.Tests.External;

public sealed class EventLinesTests
{
    /// <summary>However the bytes are cut, the lines are the same.</summary>
    [Fact]
    public void The_borders_of_reads_do_not_matter()
    {
        Gen<string> texts = Gen.Elements("data: {\"a\": \"ö\"}", "", ": note", "\n", "\r\n", "\n\n", "x").ListOf().Select(parts => string.Concat(parts));
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll((from text in texts from seed in Gen.Choose(0, int.MaxValue) select (text, seed)).ToArbitrary(), input =>
        {
            var expected = new List<string>(input.text.Split('\n').Select(line => line.EndsWith('\r') ? line[..^1] : line));
            if (input.text.EndsWith('\n') || input.text.Length == 0)
            {
                expected.RemoveAt(expected.Count - 1);
            }

            Assert.Equal(expected, ReadAsync(new Pieces(Encoding.UTF8.GetBytes(input.text), new Random(input.seed))).GetAwaiter().GetResult());
        }));
    }

    [Fact]
    public async Task A_line_without_an_end_is_not_kept_for_ever()
    {
        var lines = new EventLines(new MemoryStream(new byte[3 * EventLines.MaxLineBytes]));
        await Assert.ThrowsAsync<InvalidDataException>(async () => await lines.NextAsync(CancellationToken.None));
    }

    private static async Task<List<string>> ReadAsync(Stream stream)
    {
        var lines = new EventLines(stream);
        var read = new List<string>();
        while (await lines.NextAsync(CancellationToken.None) is { } line)
        {
            read.Add(Encoding.UTF8.GetString(line.Span));
        }

        return read;
    }

    /// <summary>Gives a few bytes at a time.</summary>
    private sealed class Pieces(byte[] bytes, Random random) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, random.Next(1, 7))], cancellationToken);
    }
}
