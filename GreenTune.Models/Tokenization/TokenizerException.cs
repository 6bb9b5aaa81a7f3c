namespace GreenTune.Models.Tokenization;

/// <summary>A text, token or conversation that a tokenizer cannot take; the message is the library's or the template's own.</summary>
public sealed class TokenizerException(string message, Exception? innerException = null) : Exception(message, innerException);
