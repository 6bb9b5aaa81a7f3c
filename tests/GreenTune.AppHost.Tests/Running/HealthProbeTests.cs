using Aspire.Hosting.Running;

namespace GreenTune.AppHost.Tests.Running;

public sealed class HealthProbeTests
{
    [Theory]
    [InlineData("""{"status":"Unhealthy","checks":[{"name":"self","status":"Healthy"},{"name":"models","status":"Unhealthy","description":"building 2 of 6"},{"name":"database","status":"Degraded","description":null}]}""", "models: building 2 of 6; database")]
    [InlineData("""{"status":"Unhealthy","checks":[]}""", null)]
    [InlineData("""{"checks":"none"}""", null)]
    [InlineData("""[1]""", null)]
    [InlineData("""{"checks":[1,{"status":2}]}""", null)]
    [InlineData("Unhealthy", null)]
    [InlineData("", null)]
    public void The_reason_is_read_from_what_services_answer(string body, string? expected) => Assert.Equal(expected, HealthProbe.Reason(body));

    [Fact]
    public async Task An_address_where_nobody_listens_is_not_healthy_yet()
    {
        using var probe = new HealthProbe();
        Assert.Contains("does not answer yet", await probe.AskAsync([new HealthQuestion(new Uri("http://127.0.0.1:1/health"), 200)], CancellationToken.None), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_questions_a_process_is_healthy_as_soon_as_it_runs()
    {
        using var probe = new HealthProbe();
        Assert.Null(await probe.AskAsync([], CancellationToken.None));
    }

    [Fact]
    public void Sockets_that_listen_are_found_in_the_systems_table()
    {
        string[] table =
        [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "   0: 0100007F:13ED 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 30212 1 0000000000000000 100 0 0 10 0",
            "   1: 0100007F:13ED 0100007F:A1B2 01 00000000:00000000 00:00000000 00000000  1000        0 30213 1 0000000000000000 20 4 30 10 -1",
            "   2: 0100007F:13EE 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 30214 1 0000000000000000 100 0 0 10 0",
        ];
        Assert.Equal(["30212"], PortOwner.ListeningInodes(table, 5101));
    }
}
