using System.Text.Json;
using System.Text.Json.Serialization;
using GreenTune.Core.Contracts;
using GreenTune.Metering.Sources;

namespace GreenTune.Metering.Recording;

/// <summary>The first line of a recording: what was metered, and how.</summary>
public sealed record RecordingHeader
{
    /// <summary>Version of the entries' encoding that this program writes and reads.</summary>
    public const int CurrentVersion = 1;

    internal const string FormatName = "greentrace";

    internal static readonly JsonSerializerOptions Json = CreateJson();

    public string Format { get; init; } = FormatName;

    public int Version { get; init; } = CurrentVersion;

    /// <summary>Wall-clock time at which the meter began; all times of the entries count from that instant.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Attribution method of the program that recorded.</summary>
    public required string MethodVersion { get; init; }

    /// <summary>The source that was read.</summary>
    public required PowerSourceDescription Source { get; init; }

    /// <summary>Options of the meter; what is code in them (work coefficients by a function) is recorded with the work models instead.</summary>
    public required DeviceMeterOptions Options { get; init; }

    /// <summary>The meter was given work coefficients by a function; they stand with the work models.</summary>
    public bool GivesCoefficients { get; init; }

    /// <summary>What was recorded, for people; null when nobody said.</summary>
    public string? Note { get; init; }

    internal static RecordingHeader Of(PowerSourceDescription source, DeviceMeterOptions options, DateTimeOffset startedAt, string? note) => new()
    {
        StartedAt = startedAt,
        MethodVersion = MethodVersions.Attribution,
        Source = source,
        Options = options,
        GivesCoefficients = options.Coefficients is not null,
        Note = note,
    };

    /// <exception cref="FormatException">The line is no header, or of a version that this program does not read.</exception>
    internal static RecordingHeader Parse(string line)
    {
        RecordingHeader? header;
        try
        {
            header = JsonSerializer.Deserialize<RecordingHeader>(line, Json);
        }
        catch (JsonException problem)
        {
            throw new FormatException($"This is no recording of a meter: its first line is not a header ({problem.Message})", problem);
        }
        if (header?.Format != FormatName)
            throw new FormatException($"This is no recording of a meter: its format is \"{header?.Format}\", not \"{FormatName}\".");
        if (header.Version != CurrentVersion)
            throw new FormatException($"This recording is of version {header.Version}; this program reads version {CurrentVersion}.");
        return header;
    }

    private static JsonSerializerOptions CreateJson()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            Converters = { new JsonStringEnumConverter() },
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
