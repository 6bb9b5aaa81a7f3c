using System.Text.Json;
using System.Text.Json.Serialization;

namespace GreenTune.Core.Contracts;

/// <summary>How contracts are written between the services: camelCase, nulls written (a null is information), enums as words.</summary>
public static class ContractJson
{
    public static JsonSerializerOptions Options { get; } = Create();

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            NumberHandling = JsonNumberHandling.Strict,
            RespectNullableAnnotations = true,
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
