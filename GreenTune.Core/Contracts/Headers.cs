namespace GreenTune.Core.Contracts;

/// <summary>HTTP headers of the API (design section 3).</summary>
public static class Headers
{
    public const string Tenant = "x-greentune-tenant";

    public const string Session = "x-greentune-session";

    /// <summary>Request: "wait" holds the answer until its energy has settled.</summary>
    public const string Energy = "x-greentune-energy";

    /// <summary>Request: milliseconds from its arrival after which the client wants no answer any more.</summary>
    public const string Deadline = "x-greentune-deadline-ms";

    /// <summary>Response: the configuration that answered.</summary>
    public const string Configuration = "x-greentune-configuration";

    /// <summary>Response: where the record is.</summary>
    public const string Record = "x-greentune-record";

    /// <summary>Response: what a budget did, for example `degrade; budget="playground"; used=0.96; from="greentune-tiny-int4"`.</summary>
    public const string Budget = "x-greentune-budget";

    /// <summary>Request of one service to another: the id of the key for which it asks, whose role and tenant then hold.</summary>
    public const string OnBehalfOf = "x-greentune-on-behalf-of";

    /// <summary>Tenant of the requests that a measurement plan makes.</summary>
    public const string MeasurementTenant = "measurement";

    /// <summary>Tenant of requests that name none.</summary>
    public const string DefaultTenant = "default";
}
