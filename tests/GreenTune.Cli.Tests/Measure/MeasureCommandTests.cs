using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Meter;
using GreenTune.Cli.Tests.Support;
using GreenTune.Core.Exports;
using GreenTune.Tests;

namespace GreenTune.Cli.Tests.Measure;

/// <summary>Commands are a shell's: on Windows there is none of them.</summary>
public sealed class MeasureCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public MeasureCommandTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "needs sh");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 3", 3)]
    [InlineData("kill -9 $$", 137)]
    public async Task The_exit_code_is_the_commands_and_the_report_goes_to_standard_error(string script, int code)
    {
        CliResult result = await Shell.OnAsync(new FakeMachine(), ["measure", "--no-baseline", "--", "sh", "-c", script]);
        Assert.Equal((code, ""), (result.ExitCode, result.Output));
        Assert.Matches($"Ended +with {code} after ", result.Error);
        Assert.Matches(@"Energy +[\d.]+ m?J ± [\d.]+ % at 1 sigma, measured", result.Error);
        Assert.Contains("CPU not metered: its counters belong to root.", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Figures_balance_and_the_command_has_all_that_is_above_the_idle_power()
    {
        CliResult result = await Shell.OnAsync(new FakeMachine(), ["measure", "--baseline", "3", "--zone", "DEU", "--pue", "1.5", "--json", "--output", _folder["m.json"], "--", "sleep", "0.3"]);
        Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Error));
        JsonElement report = JsonDocument.Parse(File.ReadAllText(_folder["m.json"])).RootElement;
        double Of(JsonElement element, string name) => element.GetProperty(name).GetDouble();
        double seconds = Of(report, "durationSeconds");
        // The device draws 100 W whatever runs.
        Assert.InRange(Of(report, "joules") / seconds, 95, 105);
        Assert.Equal(Of(report, "joules"), Of(report, "activeJoules") + Of(report, "idleJoules"), 9);
        Assert.InRange(Of(report, "activeJoules") / seconds, -1, 1);
        JsonElement gpu = report.GetProperty("devices")[1];
        Assert.False(gpu.GetProperty("baseline").GetProperty("assumed").GetBoolean());
        JsonElement balance = gpu.GetProperty("balance");
        double parts = new[] { "active", "idleShare", "idle", "unattributed", "other" }.Sum(name => Of(balance, name));
        Assert.Equal(1, parts / Of(balance, "total"), 9);
        JsonElement factor = report.GetProperty("factor");
        Assert.Equal(("DEU", 1.5), (factor.GetProperty("zone").GetString(), Of(factor, "pue")));
        Assert.Equal(Of(report, "joules") * 1.5 * Of(factor, "intensity") / 3.6e6, Of(report, "co2eGrams"), 12);
        Assert.Equal("measured", report.GetProperty("quality").GetString());
    }

    [Fact]
    public async Task Every_argument_behind_the_dashes_is_the_commands()
    {
        string file = _folder["said"];
        CliResult result = await Shell.OnAsync(new FakeMachine(), ["measure", "--no-baseline", "--", "sh", "-c", "for a in \"$@\"; do echo \"[$a]\"; done > " + file, "sh", "--json", "--", "-h", "", "@x", "two words"]);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(["[--json]", "[--]", "[-h]", "[]", "[@x]", "[two words]"], File.ReadAllLines(file));
    }

    [Fact]
    public async Task A_row_is_appended_to_CodeCarbons_file_by_its_own_columns()
    {
        string csv = _folder["emissions.csv"];
        string[] line = ["measure", "--no-baseline", "--name", "=cmd", "--csv", csv, "--", "true"];
        Assert.Equal(0, (await Shell.OnAsync(new FakeMachine(), line)).ExitCode);
        Assert.Equal(0, (await Shell.OnAsync(new FakeMachine(), line)).ExitCode);
        string[] lines = File.ReadAllLines(csv);
        Assert.Equal(3, lines.Length);
        Assert.Equal(CodeCarbonWriter.Header, lines[0]);
        string[] cells = lines[2].Split(',');
        Assert.Equal(lines[0].Split(',').Length, cells.Length);
        Assert.Equal("'=cmd", cells[1]);
        Assert.True(double.Parse(cells[Array.IndexOf(lines[0].Split(','), "energy_consumed")], CultureInfo.InvariantCulture) > 0);
        Assert.Equal("Test GPU", cells[Array.IndexOf(lines[0].Split(','), "gpu_model")]);

        string own = _folder["own.csv"];
        File.WriteAllText(own, "timestamp,codecarbon_version,energy_consumed,emissions\n2026-01-01T00:00:00,3.0,1,1");
        Assert.Equal(0, (await Shell.OnAsync(new FakeMachine(), ["measure", "--no-baseline", "--csv", own, "--", "true"])).ExitCode);
        string[] appended = File.ReadAllLines(own);
        Assert.Equal(3, appended.Length);
        Assert.Equal(4, appended[2].Split(',').Length);
        Assert.Equal("", appended[2].Split(',')[1]);
    }

    [Theory]
    [InlineData("nosuchcommand-greentune", 127, "there is no command nosuchcommand-greentune")]
    [InlineData("/etc", 126, "/etc cannot be executed")]
    public async Task What_cannot_be_run_answers_as_a_shell(string command, int code, string sentence)
    {
        CliResult result = await Shell.OnAsync(new FakeMachine(), ["measure", "--no-baseline", "--", command]);
        Assert.Equal((code, ""), (result.ExitCode, result.Output));
        Assert.Contains(sentence, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("measure", "greentune measure needs <command>")]
    [InlineData("measure --baseline 1 -- true", "--baseline is '1', where it takes a number from 3 to 60")]
    [InlineData("measure --baseline 5 --no-baseline -- true", "--baseline and --no-baseline exclude each other")]
    [InlineData("measure --zone Atlantis -- true", "--zone: 'Atlantis' is no country")]
    [InlineData("measure --pue 0.5 -- true", "--pue is '0.5', where it takes a number from 1 to 5")]
    [InlineData("measure --output /no/such/folder/x -- true", "--output names /no/such/folder/x, which cannot be written")]
    [InlineData("measure --csv /etc/hostname -- true", "--csv names /etc/hostname")]
    [InlineData("measure --device cpu --no-baseline -- true", "the CPU cannot be metered here")]
    public async Task Our_own_errors_are_125_and_come_before_the_command_runs(string line, string sentence)
    {
        CliResult result = await Shell.OnAsync(new FakeMachine(), line.Split(' '));
        Assert.Equal((125, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("greentune: " + sentence, result.ErrorLines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_any_meter_the_command_runs_all_the_same_and_the_energy_is_unknown_with_the_reason()
    {
        CliResult result = await Shell.OnAsync(new FakeMachine { HasGpu = false }, ["measure", "--", "sh", "-c", "exit 4"]);
        Assert.Equal((4, ""), (result.ExitCode, result.Output));
        Assert.Matches(@"Energy +unknown \(.*its counters belong to root", result.Error);
        Assert.DoesNotContain(" 0 J", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PosixSignal.SIGTERM)]
    [InlineData(PosixSignal.SIGHUP)]
    public async Task Signals_are_the_commands_and_do_not_end_the_measurement(PosixSignal signal)
    {
        string ready = _folder["ready"];
        using var interrupts = new Interrupts();
        string name = signal == PosixSignal.SIGTERM ? "TERM" : "HUP";
        Task<CliResult> running = Shell.OnAsync(
            new FakeMachine(), ["measure", "--no-baseline", "--", "sh", "-c", $"trap 'exit 42' {name}; touch {ready}; while :; do sleep 0.02; done"], console => console with { Interrupts = interrupts });
        await Eventually.TrueAsync(() => File.Exists(ready));
        var context = new PosixSignalContext(signal);
        interrupts.Receive(context);
        CliResult result = await running;
        Assert.True(context.Cancel);
        Assert.False(interrupts.Stop.IsCancellationRequested);
        Assert.Equal(42, result.ExitCode);
        Assert.Contains("with 42 after", result.Error, StringComparison.Ordinal);
        // Afterwards a signal is this process's again.
        interrupts.Receive(new PosixSignalContext(signal));
        Assert.True(interrupts.Stop.IsCancellationRequested);
    }

    [Fact]
    public async Task The_command_pays_with_its_own_CPU_time_and_its_childrens()
    {
        // The machine as it is: an estimate from CPU time, where there is nothing better.
        string[] burn = ["sh", "-c", "sh -c 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done'"];
        CliResult result = await Shell.OnAsync(new MachinePower(), ["measure", "--no-baseline", "--device", "cpu", "--json", "--", .. burn]);
        Assert.SkipWhen(result.ExitCode == 125, result.Error);
        Assert.Equal(0, result.ExitCode);
        JsonElement report = JsonDocument.Parse(result.Error).RootElement;
        Assert.InRange(report.GetProperty("cpuSeconds").GetDouble(), 0.005, 60);
        Assert.True(report.GetProperty("activeJoules").GetDouble() > 0);
        Assert.NotEqual("none", report.GetProperty("quality").GetString());
    }

    [Fact]
    public void The_first_signal_cancels_and_the_second_ends_the_process()
    {
        using var interrupts = new Interrupts();
        var first = new PosixSignalContext(PosixSignal.SIGINT);
        interrupts.Receive(first);
        Assert.True(first.Cancel);
        Assert.True(interrupts.Stop.IsCancellationRequested);
        var second = new PosixSignalContext(PosixSignal.SIGINT);
        interrupts.Receive(second);
        Assert.False(second.Cancel);
    }
}
