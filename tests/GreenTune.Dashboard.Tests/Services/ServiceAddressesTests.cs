using GreenTune.Dashboard.Services;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace GreenTune.Dashboard.Tests.Services;

public sealed class ServiceAddressesTests
{
    [Fact]
    public void Without_discovery_the_fixed_local_addresses_hold()
    {
        var configuration = new ConfigurationManager();
        ServiceAddresses.AddDefaults(configuration);
        Assert.Equal(new Uri("http://localhost:5102"), new ServiceAddresses(configuration).Find("accounting"));
        Assert.Null(new ServiceAddresses(configuration).Find("localhost"));
    }

    [Fact]
    public void What_configuration_says_wins()
    {
        var configuration = new ConfigurationManager { ["services:inference:http:0"] = "http://gpu-1:8080" };
        ServiceAddresses.AddDefaults(configuration);
        Assert.Equal(new Uri("http://gpu-1:8080"), new ServiceAddresses(configuration).Find("inference"));
    }

    [Fact]
    public void A_start_with_bad_settings_names_every_key()
    {
        var configuration = new ConfigurationManager { ["services:inference:http:0"] = "gpu-1" };
        var result = new ValidateDashboardOptions(configuration).Validate(null, new DashboardOptions { PlaygroundTenant = "", PlaygroundMaxTokens = 0 });
        Assert.Collection(
            result.Failures!,
            f => Assert.Contains("services:inference:http:0", f),
            f => Assert.Contains("Dashboard:PlaygroundTenant", f),
            f => Assert.Contains("Dashboard:PlaygroundMaxTokens", f));
        Assert.Equal(ValidateOptionsResult.Success, new ValidateDashboardOptions(new ConfigurationManager()).Validate(null, new DashboardOptions()));
    }
}
