using System.Runtime.CompilerServices;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Engine;
using GreenTune.Models.Tokenization;

namespace GreenTune.Inference.Chat.Constraints;

/// <summary>Makes the constraints of requests that ask for JSON. A model's tokens are prepared once, with the first request that needs them.</summary>
internal sealed class ConstraintFactory(IEngine engine)
{
    private const string Field = "response_format";
    private const int LongestReason = 400;
    private const string SchemaField = "response_format.json_schema.schema";

    private readonly ConditionalWeakTable<ChatTokenizer, GuidanceTokenizer> _tokenizers = [];
    private readonly Lock _gate = new();

    /// <summary>A constraint for each choice of each prompt.</summary>
    /// <param name="schema">What answers have to be.</param>
    /// <param name="configuration">What makes them.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="ApiException">400: constrained output cannot be had here, or not by this schema.</exception>
    public TokenConstraint[] Make(string schema, LoadedConfiguration configuration, int count)
    {
        if (!engine.CanConstrain)
        {
            throw ApiException.Unsupported(Field, "constrained output is not supported by this engine; ask for the form in the prompt and check the answer.");
        }

        if (GuidanceLibrary.Find(out string? reason) is not { } library)
        {
            throw ApiException.Unsupported(Field, $"constrained output is not supported here: {reason}. Ask for the form in the prompt and check the answer.");
        }

        try
        {
            using var grammar = new JsonGrammar(library, Tokenizer(library, configuration), schema);
            return [.. Enumerable.Range(0, count).Select(_ => grammar.Begin())];
        }
        catch (FormatException e)
        {
            throw ApiException.Bad(SchemaField, $"cannot be held: {(e.Message.Length <= LongestReason ? e.Message : e.Message[..LongestReason] + "...")}");
        }
        catch (ArgumentException)
        {
            throw ApiException.Bad(SchemaField, "has a name twice in one object.");
        }
        catch (InvalidOperationException e)
        {
            throw ApiException.Unsupported(Field, $"constrained output is not supported by this model: {e.Message}.");
        }
    }

    private GuidanceTokenizer Tokenizer(GuidanceLibrary library, LoadedConfiguration configuration)
    {
        lock (_gate)
        {
            if (!_tokenizers.TryGetValue(configuration.Tokenizer, out GuidanceTokenizer? tokenizer))
            {
                tokenizer = new GuidanceTokenizer(library, configuration);
                _tokenizers.Add(configuration.Tokenizer, tokenizer);
            }

            return tokenizer;
        }
    }
}
