using Microsoft.AspNetCore.Http.HttpResults;

namespace GreenTune.Accounting.Http;

/// <summary>Problem documents (RFC 9457).</summary>
internal static class Problems
{
    public static ValidationProblem Fields(IReadOnlyDictionary<string, string[]> errors) =>
        TypedResults.ValidationProblem(new Dictionary<string, string[]>(errors), detail: string.Join(" ", errors.Select(InWords)));

    public static ProblemHttpResult NotFound(string what) => TypedResults.Problem(what, statusCode: StatusCodes.Status404NotFound, title: "Not found");

    public static ProblemHttpResult Conflict(string why) => TypedResults.Problem(why, statusCode: StatusCodes.Status409Conflict, title: "Conflict");

    private static string InWords(KeyValuePair<string, string[]> error)
    {
        string messages = string.Join(" ", error.Value);
        return error.Key == "$" || messages.StartsWith(error.Key, StringComparison.Ordinal) ? messages : $"{error.Key}: {messages}";
    }
}

/// <summary>Messages by field, gathered so that a caller learns of all of them at once.</summary>
internal sealed class FieldErrors
{
    private readonly Dictionary<string, string[]> _errors = [];

    public bool Any => _errors.Count > 0;

    public void Add(string field, string message) => _errors[field] = _errors.TryGetValue(field, out string[]? messages) ? [.. messages, message] : [message];

    public ValidationProblem Problem() => Problems.Fields(_errors);
}
