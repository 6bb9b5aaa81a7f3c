namespace GreenTune.Core.Contracts;

/// <summary>Versions of the methods behind the figures; raised whenever a figure would come out differently.</summary>
public static class MethodVersions
{
    /// <summary>Attribution of energy to requests (design section 4.3). 2: fitted work coefficients; sigma with the sensor's averaging window.</summary>
    public const string Attribution = "attribution-2";

    /// <summary>CO2e from energy (design section 4.5).</summary>
    public const string Carbon = "carbon-1";

    /// <summary>ThreeE and its plans (design section 4.6).</summary>
    public const string ThreeE = "threee-1";
}
