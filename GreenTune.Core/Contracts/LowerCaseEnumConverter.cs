using System.Text.Json;
using System.Text.Json.Serialization;

namespace GreenTune.Core.Contracts;

/// <summary>Enum members travel as camelCase words, never as numbers.</summary>
public sealed class LowerCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
