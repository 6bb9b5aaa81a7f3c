using GreenTune.Core.Contracts;

namespace GreenTune.Core.Scoring;

/// <summary>Checks what a product owner sets. Messages by the JSON's field names.</summary>
public static class ThreeESettingsValidator
{
    public static IReadOnlyDictionary<string, string[]> Validate(ThreeESettingsInput input)
    {
        var errors = new Dictionary<string, string[]>();
        if (ThreeEFormula.Problem(input.Weights) is { } problem)
        {
            errors["weights"] = [problem];
        }

        if (!(input.Floor is >= 0 and <= 1))
        {
            errors["floor"] = ["The quality floor is a share of the reference's effectiveness from 0 to 1, for example 0.95."];
        }

        foreach ((string field, string? configuration) in ((string, string?)[])[("reference", input.Reference), ("pinned", input.Pinned)])
        {
            if (configuration is not null && !Identifiers.IsConfiguration(configuration))
            {
                errors[field] = [$"A configuration's id is {Identifiers.ConfigurationForm}, for example \"greentune-tiny-int4\"; leave it out or null for none."];
            }
        }

        return errors;
    }
}
