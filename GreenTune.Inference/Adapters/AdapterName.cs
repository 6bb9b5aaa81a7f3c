namespace GreenTune.Inference.Adapters;

/// <summary>"base:adapter" in a request's model.</summary>
internal static class AdapterName
{
    /// <summary>Both parts, cut at the last colon; null where there is none or a part is empty.</summary>
    public static (string Base, string Adapter)? Split(string model)
    {
        int colon = model.LastIndexOf(':');
        return colon > 0 && colon < model.Length - 1 ? (model[..colon], model[(colon + 1)..]) : null;
    }

    /// <summary>The adapter that a name asks for; null where the name is the configuration's own, which may have a colon in it.</summary>
    public static string? Of(string model, string configuration) => model == configuration ? null : Split(model)?.Adapter;
}
