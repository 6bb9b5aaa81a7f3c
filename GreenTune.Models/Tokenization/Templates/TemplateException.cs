namespace GreenTune.Models.Tokenization.Templates;

/// <summary>A template that is not valid, refuses a conversation or does what it may not. The message is the template's own where it raised it.</summary>
internal sealed class TemplateException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>An error at a line of the template.</summary>
    public static TemplateException At(int line, string message) => new($"{message} (line {line} of the chat template)");
}
