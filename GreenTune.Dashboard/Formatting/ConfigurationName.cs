namespace GreenTune.Dashboard.Formatting;

/// <summary>A configuration's id taken apart: "greentune-tiny-int4" is the model "greentune-tiny" at "int4".</summary>
/// <param name="Id">The id as the services write it.</param>
/// <param name="Model">The model's part.</param>
/// <param name="Precision">"fp32", "fp16", "bf16", "int8" or "int4"; empty where the id ends in none of them.</param>
public readonly record struct ConfigurationName(string Id, string Model, string Precision)
{
    /// <summary>The id by which the best configuration over all is asked for.</summary>
    public const string Auto = "auto";

    private const string Family = "greentune-";
    private static readonly string[] Precisions = ["fp32", "fp16", "bf16", "int8", "int4"];

    /// <summary>"tiny int4": without the family's name, for tables and charts.</summary>
    public string Label
    {
        get
        {
            var model = Model.StartsWith(Family, StringComparison.Ordinal) && Model.Length > Family.Length ? Model[Family.Length..] : Model;
            return Precision.Length == 0 ? model : $"{model} {Precision}";
        }
    }

    /// <summary>"greentune-tiny int4".</summary>
    public string Full => Precision.Length == 0 ? Model : $"{Model} {Precision}";

    public static ConfigurationName Parse(string id)
    {
        var dash = id.LastIndexOf('-');
        return dash > 0 && Precisions.Contains(id[(dash + 1)..])
            ? new(id, id[..dash], id[(dash + 1)..])
            : new(id, id, string.Empty);
    }

    public override string ToString() => Label;
}
