namespace GreenTune.AppHost.Tests.Running;

public sealed class CommandLineTests
{
    [Fact]
    public async Task Help_of_the_real_apphost_lists_options_addresses_and_variables_and_starts_nothing()
    {
        await using var apphost = AppHostProcess.GreenTune("--help");
        Assert.Equal(0, await apphost.ExitAsync());
        var help = string.Join('\n', apphost.Lines);
        Assert.StartsWith("GreenTune: package feed partial", apphost.Lines[0], StringComparison.Ordinal);
        Assert.Contains("-p:PackageFeed=", apphost.Lines[0], StringComparison.Ordinal);
        Assert.Contains("--Ports:<resource>=<port>", help, StringComparison.Ordinal);
        Assert.Matches(@"accounting\s+http://localhost:5102", help);
        Assert.Matches(@"inference\s+http://localhost:5101  after accounting", help);
        Assert.Matches(@"dashboard\s+http://localhost:5100  after inference, accounting", help);
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT", help, StringComparison.Ordinal);
        Assert.Contains("GREENTUNE_DATA", help, StringComparison.Ordinal);
        Assert.Empty(apphost.Errors);
    }

    [Theory]
    [InlineData("--bogus=1", "Unknown option '--bogus'")]
    [InlineData("--Ports", "Unknown option '--Ports'")]
    [InlineData("extra", "Unknown argument 'extra'")]
    [InlineData("--Ports:store", "has no value")]
    [InlineData("--Ports:stoer=5201", "'stoer', which is not there. Known: store, engine, web")]
    [InlineData("--Ports:store=many", "Ports:store is 'many'")]
    [InlineData("--Ports:store=70000", "1 to 65535")]
    [InlineData("--Parameters:colour=red", "'colour', which is not there. Known: records, grid-zone")]
    public async Task A_wrong_option_is_named_and_nothing_starts(string option, string expected)
    {
        await using var apphost = AppHostProcess.Sample("chain", [option]);
        Assert.Equal(2, await apphost.ExitAsync());
        Assert.Contains(expected, Assert.Single(apphost.Errors), StringComparison.Ordinal);
        Assert.Empty(apphost.Children());
    }
}
