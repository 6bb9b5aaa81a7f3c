using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Tests.Conformance;
using GreenTune.Metering;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting.Internal;

namespace GreenTune.Inference.Tests.Configurations;

[Collection(nameof(ScriptedService))]
public sealed class ConfigurationReporterTests(ScriptedService service)
{
    // A reporter of its own name: the service's own reports every minute, and to the same books.
    private const string Name = "reporter-under-test";

    private ConfigurationReport[] Told =>
        [.. service.Service.Accounting.Configurations.SelectMany(batch => batch.Configurations).Where(report => report.Id == ScriptedService.Model && report.Instance!.StartsWith(Name, StringComparison.Ordinal))];

    [Fact]
    public async Task Accounting_is_told_what_is_served_where_and_again_only_when_something_has_changed()
    {
        IServiceProvider services = service.Service.Services;
        using ConfigurationReporter reporter = ActivatorUtilities.CreateInstance<ConfigurationReporter>(services, new HostingEnvironment { ApplicationName = Name });
        await reporter.ReportAsync(CancellationToken.None);
        ConfigurationReport told = Assert.Single(Told);
        Assert.Equal(("greentune-nano", "int4", "cpu"), (told.Model, told.Precision, told.Provider));
        Assert.Equal(services.GetRequiredService<IDeviceMeter>().DeviceId, told.Device);
        Assert.InRange(told.Parameters!.Value, 6_000_000, 8_000_000);
        Assert.True(told.WeightBytes > 0 && told.ContextLength > 0);
        Assert.InRange(told.At, DateTimeOffset.UtcNow.AddMinutes(-10), DateTimeOffset.UtcNow);

        // The costs of requests of the tests before this one may settle meanwhile, which is a change; what has not changed is not told again.
        const int Times = 10;
        for (int i = 0; i < Times; i++)
        {
            await reporter.ReportAsync(CancellationToken.None);
        }

        ConfigurationReport[] all = Told;
        Assert.InRange(all.Length, 1, Times);
        Assert.All(all.Zip(all.Skip(1)), pair => Assert.NotEqual(Content(pair.First), Content(pair.Second)));
    }

    private static string Content(ConfigurationReport report) => JsonSerializer.Serialize(report with { At = default }, ContractJson.Options);
}
