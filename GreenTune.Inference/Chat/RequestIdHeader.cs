namespace GreenTune.Inference.Chat;

/// <summary>
/// The x-request-id header, by which a client, its proxies and our log speak of the same request: the client's own where it sends one, otherwise ours.
/// </summary>
internal static class RequestIdHeader
{
    public const string Name = "x-request-id";

    private const int MaxLength = 128;
    private static readonly object Key = new();

    /// <summary>Takes the client's id, or makes one, and puts it on whatever answer is sent.</summary>
    /// <exception cref="ApiException">400: the client's cannot be sent back.</exception>
    public static void Begin(HttpContext context)
    {
        string? given = context.Request.Headers[Name];
        bool valid = given is { Length: >= 1 and <= MaxLength } && given.All(c => c is > ' ' and <= '~');
        context.Items[Key] = valid ? given : $"req-{Guid.CreateVersion7():N}";
        context.Response.OnStarting(static state =>
        {
            var started = (HttpContext)state;
            started.Response.Headers[Name] = Of(started);
            return Task.CompletedTask;
        }, context);
        if (!valid && !string.IsNullOrEmpty(given))
        {
            throw ApiException.Bad(Name, $"must have 1 to {MaxLength} visible ASCII characters, for example '7f3c9a52'.");
        }
    }

    /// <summary>An answer's own id takes the place of one that we made up, never of the client's.</summary>
    public static void Named(HttpContext context, string id)
    {
        if (string.IsNullOrEmpty(context.Request.Headers[Name]))
        {
            context.Items[Key] = id;
        }
    }

    public static string Of(HttpContext context) => (string)context.Items[Key]!;
}
