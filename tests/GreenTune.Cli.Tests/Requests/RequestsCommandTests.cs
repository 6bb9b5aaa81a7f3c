using System.Text.Json;
using GreenTune.Cli.Tests.Support;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http;

namespace GreenTune.Cli.Tests.Requests;

public sealed class RequestsCommandTests
{
    [Fact]
    public async Task The_list_shows_what_each_request_cost()
    {
        await using FakeService service = await FakeService.AnsweringAsync(new Page<RecordView>([Samples.Record(1), Samples.Unmetered(2)], "c2"));
        CliResult result = await Shell.RunAsync("requests", "list", "--url", service.Address);
        Assert.Equal(0, result.ExitCode);
        string[] lines = result.Output.Split('\n');
        Assert.Matches(@"2026-11-19 07:59:59Z\s+chatcmpl-00000001\s+default\s+greentune-tiny-int4\s+completed\s+12\s+40\s+1\.50 s\s+1\.83 J\s+293 µgCO2e\s+estimated", Assert.Single(lines, l => l.Contains("00000001", StringComparison.Ordinal)));
        Assert.Matches(@"unknown \(no meter covers this device\)\s+unknown \(no meter covers this device\)\s+none", Assert.Single(lines, l => l.Contains("00000002", StringComparison.Ordinal)));
        Assert.Equal("There are more: --cursor c2\n", result.Error);
        Assert.Equal(["GET /api/records?limit=20"], service.Requests);
    }

    [Fact]
    public async Task Filters_become_the_apis_parameters()
    {
        await using FakeService service = await FakeService.AnsweringAsync(new Page<RecordView>([], null));
        CliResult result = await Shell.RunAsync(
            "requests", "list", "--url", service.Address + "/base", "--tenant", "a & b", "--session", "s", "--configuration", "m-int4", "--outcome", "cancelled", "--quality", "measured",
            "--from", "2026-11-19T08:00:00+01:00", "--to", "2026-11-20", "--limit", "7", "--cursor", "c/1");
        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("No requests match.", result.Output, StringComparison.Ordinal);
        Assert.Equal(
            "GET /base/api/records?tenant=a%20%26%20b&session=s&configuration=m-int4&outcome=cancelled&quality=measured&from=2026-11-19T08%3A00%3A00.0000000%2B01%3A00&to=2026-11-20T00%3A00%3A00.0000000%2B00%3A00&limit=7&cursor=c%2F1",
            Assert.Single(service.Requests));
    }

    [Fact]
    public async Task Json_is_the_page_of_the_api()
    {
        var page = new Page<RecordView>([Samples.Record()], "c2");
        await using FakeService service = await FakeService.AnsweringAsync(page);
        CliResult result = await Shell.RunAsync("requests", "list", "--url", service.Address, "--json");
        Page<RecordView> read = JsonSerializer.Deserialize<Page<RecordView>>(result.Output, ContractJson.Options)!;
        Assert.Equal(JsonSerializer.Serialize(page, ContractJson.Options), JsonSerializer.Serialize(read, ContractJson.Options));
        Assert.Equal("", result.Error);
    }

    [Fact]
    public async Task One_request_is_shown_with_where_its_figures_are_from()
    {
        await using FakeService service = await FakeService.AnsweringAsync(Samples.Record());
        CliResult result = await Shell.RunAsync("requests", "show", "chatcmpl-00000001", "--url", service.Address);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal(["GET /api/records/chatcmpl-00000001"], service.Requests);
        string[] lines = [.. result.Output.Split('\n').Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];
        Assert.Contains("Energy 1.83 J ± 21.0 % at 1 sigma", lines);
        Assert.Contains("prefill 200 mJ", lines);
        Assert.Contains("Parts GPU unknown (no GPU is metered), CPU 1.83 J, DRAM unknown (the meter does not separate it)", lines);
        Assert.Contains("Quality estimated, meter cpu-estimate, boundary package; phases estimated; method attribution-1", lines);
        Assert.Contains("intensity 480 gCO2e/kWh, World average, average, life-cycle, Ember, 2024", lines);
        Assert.Contains("PUE 1.20 (assumed, the site states none)", lines);
    }

    [Fact]
    public async Task A_request_that_nobody_metered_says_so_everywhere()
    {
        await using FakeService service = await FakeService.AnsweringAsync(Samples.Unmetered());
        CliResult result = await Shell.RunAsync("requests", "show", "chatcmpl-00000001", "--url", service.Address);
        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"Energy +unknown \(no meter covers this device\)", result.Output);
        Assert.Matches(@"CO2e +unknown \(no meter covers this device\)", result.Output);
        Assert.Matches(@"Idle power +unknown", result.Output);
        Assert.DoesNotContain(" 0 J", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_problem_document_is_given_in_its_words()
    {
        await using FakeService service = await FakeService.RefusingAsync(404, "There is no record chatcmpl-00000009.");
        CliResult result = await Shell.RunAsync("requests", "show", "chatcmpl-00000009", "--url", service.Address);
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Equal("greentune: Accounting answered 404 Not Found: There is no record chatcmpl-00000009.", Assert.Single(result.ErrorLines));
    }

    [Theory]
    [InlineData(500, "text/html", "<html>oops</html>", "answered 500 Internal Server Error without saying why")]
    [InlineData(200, "text/html", "<html></html>", "is not Accounting")]
    [InlineData(200, "application/json", "null", "is not Accounting")]
    [InlineData(200, "application/json", "{\"items\": 5}", "is not Accounting")]
    [InlineData(200, "application/json", "{\"ite", "is not Accounting")]
    public async Task An_answer_of_something_else_names_the_option(int status, string type, string body, string sentence)
    {
        await using FakeService service = await FakeService.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = type;
            return context.Response.WriteAsync(body);
        });
        CliResult result = await Shell.RunAsync("requests", "list", "--url", service.Address);
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains(sentence, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Contains("--url", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_there_says_where_and_how_to_start_it()
    {
        string address = FakeService.NobodyAt();
        CliResult result = await Shell.RunAsync("requests", "list", "--url", address);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"greentune: Accounting cannot be reached at {address}/: nothing listens there; start it with 'dotnet run --project GreenTune.AppHost'", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_cut_off_is_one_sentence()
    {
        using var service = new BrokenService("application/json", "{\"items\": [");
        CliResult result = await Shell.RunAsync("requests", "list", "--url", service.Address);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("went away in the middle of its answer", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stop_ends_the_wait()
    {
        using var stop = new CancellationTokenSource();
        await using FakeService service = await FakeService.StartAsync(async context =>
        {
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        CliResult result = await Shell.RunAsync(["requests", "list", "--url", service.Address], stop.Token);
        Assert.Equal((130, "", "greentune: stopped before it was done.\n"), (result.ExitCode, result.Output, result.Error));
    }
}
