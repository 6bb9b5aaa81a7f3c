using GreenTune.Dashboard.Services;
using Microsoft.Extensions.Options;

namespace GreenTune.Dashboard;

/// <summary>What can be set of the dashboard, in the section "Dashboard".</summary>
public sealed class DashboardOptions
{
    public const string Section = "Dashboard";

    /// <summary>Tenant that Playground asks as when the top bar shows all tenants.</summary>
    /// <value>The default is "playground".</value>
    public string PlaygroundTenant { get; set; } = "playground";

    /// <summary>Most tokens that Playground lets an answer have.</summary>
    /// <value>The default is 1024.</value>
    public int PlaygroundMaxTokens { get; set; } = 1024;
}

/// <summary>Checks the options and the services' addresses when the dashboard starts; every message names its key.</summary>
internal sealed class ValidateDashboardOptions(IConfiguration configuration) : IValidateOptions<DashboardOptions>
{
    public ValidateOptionsResult Validate(string? name, DashboardOptions options)
    {
        List<string> problems = [.. ServiceAddresses.Problems(configuration)];
        if (options.PlaygroundTenant.Length is 0 or > 64 || options.PlaygroundTenant.Any(char.IsControl))
        {
            problems.Add($"{DashboardOptions.Section}:{nameof(options.PlaygroundTenant)} is '{options.PlaygroundTenant}'; it needs 1 to 64 characters. Example: Dashboard__PlaygroundTenant=playground");
        }

        if (options.PlaygroundMaxTokens is < 1 or > 131_072)
        {
            problems.Add($"{DashboardOptions.Section}:{nameof(options.PlaygroundMaxTokens)} is {options.PlaygroundMaxTokens}; it can be 1 to 131072. Example: Dashboard__PlaygroundMaxTokens=1024");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
