using System.Globalization;
using System.Text.Json;
using GreenTune.Cli.Tests.Support;
using GreenTune.Core.Contracts;
using GreenTune.Tests;

namespace GreenTune.Cli.Tests.Meter;

public sealed class MeterCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("meter")]
    [InlineData("meter devices")]
    public async Task The_devices_are_shown_with_what_cannot_be_measured_and_why(string line)
    {
        CliResult result = await Shell.OnAsync(new FakeMachine(), line.Split(' '));
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Matches(@"GPU-test +Test GPU +simulated +measured +device +100 W +5\.00 %", result.Output);
        Assert.Contains("CPU (cpu-0) not metered: its counters belong to root.\n", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_without_any_meter_says_so_and_is_no_failure()
    {
        CliResult result = await Shell.OnAsync(new FakeMachine { HasGpu = false }, ["meter", "devices"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.StartsWith("Nothing of this machine can be metered", result.Output, StringComparison.Ordinal);
        Assert.Contains("GPU (gpu-0) not metered: there is none.", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Devices_as_JSON_are_the_contracts()
    {
        CliResult result = await Shell.OnAsync(new FakeMachine(), ["meter", "devices", "--json"]);
        DeviceView[] views = JsonSerializer.Deserialize<DeviceView[]>(result.Output, ContractJson.Options)!;
        Assert.Equal(["cpu-0", "GPU-test"], views.Select(view => view.Id));
        Assert.Equal([EnergyQuality.None, EnergyQuality.Measured], views.Select(view => view.Quality));
    }

    [Fact]
    public async Task Watching_gives_a_line_for_each_device_and_interval_and_energy_that_only_grows()
    {
        CliResult result = await Shell.OnAsync(new FakeMachine(), ["meter", "watch", "--interval", "0.1", "--seconds", "0.5", "--json"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        JsonElement[] lines = [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.Equal(("GPU-test", "simulated"), (line.GetProperty("device").GetString(), line.GetProperty("meter").GetString())));
        double[] joules = [.. lines.Select(line => line.GetProperty("joules")).Where(value => value.ValueKind == JsonValueKind.Number).Select(value => value.GetDouble())];
        Assert.NotEmpty(joules);
        Assert.Equal(joules.Order(), joules);
        Assert.InRange(lines[^1].GetProperty("watts").GetDouble(), 99, 101);
    }

    [Fact]
    public async Task Watching_without_a_terminal_writes_plain_lines()
    {
        CliResult result = await Shell.OnAsync(new FakeMachine(), ["meter", "watch", "--interval", "0.1", "--seconds", "0.3"]);
        string[] lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("Time (UTC)  Device  Power", lines[0], StringComparison.Ordinal);
        Assert.Contains("GPU-test", lines[^1], StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', result.Output);
    }

    [Fact]
    public async Task Nothing_to_watch_is_a_sentence()
    {
        CliResult result = await Shell.OnAsync(new FakeMachine { HasGpu = false }, ["meter", "watch", "--seconds", "1"]);
        Assert.Equal((1, "greentune: nothing of this machine can be metered; 'greentune meter devices' says why.\n"), (result.ExitCode, result.Error));
    }

    [Theory]
    [InlineData("--device cpu", "the CPU cannot be metered here: its counters belong to root")]
    [InlineData("--device cpu --gpu GPU-1", "--gpu names a GPU, and --device cpu leaves GPUs out")]
    public async Task A_device_that_was_named_and_cannot_be_metered_is_an_error(string options, string sentence)
    {
        CliResult result = await Shell.OnAsync(new FakeMachine(), ["meter", "watch", "--seconds", "1", .. options.Split(' ')]);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(sentence, result.ErrorLines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_recorded_replays_to_the_power_that_was_drawn()
    {
        string file = _folder["gpu.greentrace"];
        CliResult recorded = await Shell.OnAsync(new FakeMachine(), ["meter", "record", file, "--seconds", "0.5", "--note", "a test"]);
        Assert.Equal((0, ""), (recorded.ExitCode, recorded.Error));
        Assert.Contains("of GPU-test (simulated)", recorded.Output, StringComparison.Ordinal);
        JsonElement report = JsonDocument.Parse((await Shell.RunAsync("meter", "replay", file, "--json")).Output).RootElement;
        Assert.Equal(("GPU-test", "a test", false), (report.GetProperty("device").GetString(), report.GetProperty("note").GetString(), report.GetProperty("isTorn").GetBoolean()));
        JsonElement energy = report.GetProperty("energy");
        Assert.InRange(energy.GetProperty("total").GetDouble() / report.GetProperty("seconds").GetDouble(), 50, 101);
        Assert.Equal(0, report.GetProperty("gaps").GetInt64());

        CliResult again = await Shell.OnAsync(new FakeMachine(), ["meter", "record", file, "--seconds", "0.1"]);
        Assert.Equal(2, again.ExitCode);
        Assert.Contains("which exists; --force replaces it", again.ErrorLines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recording_with_requests_shows_them()
    {
        string file = Repository.PathOf("tests", "data", "simulated.greentrace");
        CliResult result = await Shell.RunAsync("meter", "replay", file, "--requests", "3");
        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"Energy +[\d.,]+ k?J, (measured|modelled)", result.Output);
        Assert.Matches(@"Requests +\d+", result.Output);
        Assert.Contains("more requests: --requests", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_readings_of_another_tool_are_integrated()
    {
        File.WriteAllText(_folder["power.csv"], "# by some tool\nseconds,watts\n10.0,100\n10.1,200\n10.2,100\n10.3,100\n");
        JsonElement report = JsonDocument.Parse((await Shell.RunAsync("meter", "replay", _folder["power.csv"], "--json")).Output).RootElement;
        // Trapezoids: 15 + 15 + 10 J.
        Assert.Equal(40, report.GetProperty("energy").GetProperty("total").GetDouble(), 9);
        Assert.Equal(0.3, report.GetProperty("seconds").GetDouble(), 6);
        Assert.Equal(4, report.GetProperty("samples").GetInt64());
    }

    [Theory]
    [InlineData("1,100\n2,200\nx,5", "Line 3")]
    [InlineData("1,100", "it has no two readings")]
    [InlineData("2,100\n1,100", "sort them by time")]
    public async Task Readings_that_cannot_be_read_are_named(string text, string sentence)
    {
        File.WriteAllText(_folder["bad.csv"], text);
        CliResult result = await Shell.RunAsync("meter", "replay", _folder["bad.csv"]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(sentence, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recording_that_is_not_there_is_one_sentence()
    {
        CliResult result = await Shell.RunAsync("meter", "replay", _folder["none.greentrace"]);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("greentune: there is no file ", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_idle_power_is_measured_with_its_sigma()
    {
        CliResult result = await Shell.OnAsync(new FakeMachine(), ["meter", "calibrate", "--seconds", "3.5", "--json"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        JsonElement device = Assert.Single(JsonDocument.Parse(result.Output).RootElement.EnumerateArray());
        JsonElement baseline = device.GetProperty("baseline");
        Assert.Equal(100, baseline.GetProperty("mean").GetDouble(), 6);
        Assert.InRange(baseline.GetProperty("sigma").GetDouble(), 0.1, 1);
        Assert.False(baseline.GetProperty("assumed").GetBoolean());
        Assert.Equal(JsonValueKind.Null, device.GetProperty("refusal").ValueKind);
    }

    [Fact]
    public async Task Settings_come_from_the_variables_that_the_services_read()
    {
        var machine = new FakeMachine();
        var variables = new Dictionary<string, string> { ["Metering__PeriodMilliseconds"] = "20", ["Metering__Cpu__TdpWatts"] = "100", ["Metering__Unknown__Key"] = "x", ["PATH"] = "/bin" };
        await Shell.OnAsync(machine, ["meter", "devices"], console => console with { Variables = variables });
        Assert.Equal(20, machine.Asked?.PeriodMilliseconds);
        CliResult wrong = await Shell.OnAsync(machine, ["meter", "devices"], console => console with { Variables = new Dictionary<string, string> { ["Metering__PeriodMilliseconds"] = "often" } });
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("the environment variable Metering__PeriodMilliseconds is 'often'", wrong.ErrorLines[0], StringComparison.Ordinal);
        wrong = await Shell.OnAsync(machine, ["meter", "devices"], console => console with { Variables = new Dictionary<string, string> { ["Metering__PeriodMilliseconds"] = 1.ToString(CultureInfo.InvariantCulture) } });
        Assert.Contains("Metering:PeriodMilliseconds is 1, but must be from 5 to 1000", wrong.ErrorLines[0], StringComparison.Ordinal);
    }
}
