using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using GreenTune.Core.Contracts;

namespace GreenTune.Cli.Output;

/// <summary>What --json writes: the contracts' own form, indented.</summary>
internal static class JsonOutput
{
    // Enums outside the contracts are words as well.
    private static readonly JsonSerializerOptions Indented = new(ContractJson.Options)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    public static void Json<T>(this CliConsole console, T value) => console.Output.WriteLine(JsonSerializer.Serialize(value, Indented));
}
