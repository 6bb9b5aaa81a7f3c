namespace GreenTune.ServiceDefaults.Startup;

/// <summary>Section `Security`.</summary>
public sealed class SecurityOptions
{
    public const string Section = "Security";

    /// <summary>
    /// Lets a service listen on addresses that other machines reach although it asks nobody for a key. For containers and networks that
    /// are closed otherwise. <value>The default value is false.</value>
    /// </summary>
    public bool AllowUnauthenticatedNonLoopback { get; set; }
}
