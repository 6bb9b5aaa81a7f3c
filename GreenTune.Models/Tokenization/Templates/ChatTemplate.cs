namespace GreenTune.Models.Tokenization.Templates;

/// <summary>
/// A chat template: Jinja with what transformers gives its templates. Work is bounded in steps, text and depth. Safe for concurrent use.
/// </summary>
internal sealed class ChatTemplate
{
    private const int LongestSource = 1 << 20;

    private readonly BodyStatement _body;

    private ChatTemplate(BodyStatement body) => _body = body;

    /// <exception cref="TemplateException">The template is not valid.</exception>
    public static ChatTemplate Parse(string source) => source.Length <= LongestSource
        ? new ChatTemplate(TemplateParser.Parse(source))
        : throw new TemplateException($"The chat template has more than {LongestSource} characters.");

    /// <param name="values">The template's variables.</param>
    /// <param name="time">What strftime_now shows, in local time.</param>
    /// <exception cref="TemplateException">The template refuses the values, or does what it may not.</exception>
    public string Render(IEnumerable<KeyValuePair<string, object?>> values, TimeProvider time)
    {
        var rendering = new Rendering(time);
        var scope = new Scope(null);
        foreach ((string name, object? value) in values)
            scope.Set(name, value);
        return _body.Render(new Frame(rendering, scope));
    }
}
