using GreenTune.Core.Contracts;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Tests.Conformance;
using GreenTune.Metering;
using Microsoft.Extensions.DependencyInjection;

namespace GreenTune.Inference.Tests.Configurations;

[Collection(nameof(ScriptedService))]
public sealed class ConfigurationReporterTests(ScriptedService service)
{
    [Fact]
    public async Task Accounting_is_told_what_is_served_where_and_again_only_when_something_has_changed()
    {
        var reporter = service.Service.Services.GetRequiredService<ConfigurationReporter>();
        await reporter.ReportAsync(CancellationToken.None);
        ConfigurationReport told = Told()[^1];
        Assert.Equal(("greentune-nano", "int4", "cpu"), (told.Model, told.Precision, told.Provider));
        Assert.Equal(service.Service.Services.GetRequiredService<IDeviceMeter>().DeviceId, told.Device);
        Assert.InRange(told.Parameters!.Value, 6_000_000, 8_000_000);
        Assert.True(told.WeightBytes > 0 && told.ContextLength > 0);
        Assert.InRange(told.At, DateTimeOffset.UtcNow.AddMinutes(-10), DateTimeOffset.UtcNow);

        // Others may have become ready meanwhile; this one is as it was.
        int times = Told().Length;
        await reporter.ReportAsync(CancellationToken.None);
        Assert.Equal(times, Told().Length);
    }

    private ConfigurationReport[] Told() => [.. service.Service.Accounting.Configurations.SelectMany(batch => batch.Configurations).Where(report => report.Id == ScriptedService.Model)];
}
