using System.Globalization;
using Google.Protobuf;

namespace GreenTune.EndToEnd.Tests.Telemetry;

/// <summary>What these tests need of a span; field numbers from opentelemetry/proto/trace/v1/trace.proto.</summary>
internal sealed record OtlpSpan(string Service, string TraceId, string SpanId, string ParentId, string Name, IReadOnlyDictionary<string, string> Attributes, IReadOnlyList<string> LinkedSpans)
{
    private const int Kind = 6;
    private const int Server = 2;

    public bool IsServer { get; private init; }

    /// <summary>Reads an ExportTraceServiceRequest.</summary>
    public static IReadOnlyList<OtlpSpan> ReadAll(byte[] body)
    {
        var spans = new List<OtlpSpan>();
        foreach (byte[] resourceSpans in Fields(body, 1))
        {
            string service = Fields(resourceSpans, 1).SelectMany(resource => Pairs(resource, 1)).Where(pair => pair.Key == "service.name").Select(pair => pair.Value).FirstOrDefault(string.Empty);
            spans.AddRange(Fields(resourceSpans, 2).SelectMany(scope => Fields(scope, 2)).Select(span => Read(service, span)));
        }

        return spans;
    }

    private static OtlpSpan Read(string service, byte[] span) => new(
        service,
        Hex(span, 1),
        Hex(span, 2),
        Hex(span, 4),
        Text(span, 5),
        Pairs(span, 9).ToDictionary(),
        [.. Fields(span, 13).Select(link => Hex(link, 2))])
    {
        IsServer = Number(span, Kind) == Server,
    };

    private static IEnumerable<KeyValuePair<string, string>> Pairs(byte[] message, int field) =>
        Fields(message, field).Select(pair => KeyValuePair.Create(Text(pair, 1), Fields(pair, 2).Select(Value).FirstOrDefault(string.Empty)));

    /// <summary>An AnyValue as text; a list as its texts between commas.</summary>
    private static string Value(byte[] any)
    {
        var input = new CodedInputStream(any);
        return WireFormat.GetTagFieldNumber(input.ReadTag()) switch
        {
            1 => input.ReadString(),
            2 => input.ReadBool() ? "true" : "false",
            3 => input.ReadInt64().ToString(CultureInfo.InvariantCulture),
            4 => input.ReadDouble().ToString("R", CultureInfo.InvariantCulture),
            5 => string.Join(',', Fields(input.ReadBytes().ToByteArray(), 1).Select(Value)),
            _ => string.Empty,
        };
    }

    private static string Hex(byte[] message, int field) => Convert.ToHexStringLower(Fields(message, field).FirstOrDefault([]));

    private static string Text(byte[] message, int field) => System.Text.Encoding.UTF8.GetString(Fields(message, field).FirstOrDefault([]));

    private static long Number(byte[] message, int field)
    {
        var input = new CodedInputStream(message);
        while (input.ReadTag() is > 0 and var tag)
        {
            if (WireFormat.GetTagFieldNumber(tag) == field)
            {
                return input.ReadInt64();
            }

            input.SkipLastField();
        }

        return 0;
    }

    /// <summary>All occurrences of a field that has a length: bytes, texts, messages.</summary>
    private static IEnumerable<byte[]> Fields(byte[] message, int field)
    {
        var input = new CodedInputStream(message);
        while (input.ReadTag() is > 0 and var tag)
        {
            if (WireFormat.GetTagFieldNumber(tag) == field && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
            {
                yield return input.ReadBytes().ToByteArray();
            }
            else
            {
                input.SkipLastField();
            }
        }
    }
}
