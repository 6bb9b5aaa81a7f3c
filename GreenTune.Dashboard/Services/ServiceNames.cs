namespace GreenTune.Dashboard.Services;

/// <summary>The services that the dashboard talks to, by their names in service discovery.</summary>
public static class ServiceNames
{
    public const string Accounting = "accounting";

    public const string Inference = "inference";

    public static IReadOnlyList<string> All { get; } = [Accounting, Inference];

    /// <summary>The name as it is shown: "Accounting".</summary>
    public static string Display(string service) => service switch
    {
        Accounting => "Accounting",
        Inference => "Inference",
        _ => service,
    };
}
