namespace GreenTune.Eng.Tests.Summary;

/// <summary>What decides whether a test run was a good one, given the results of projects that ended in different ways.</summary>
public sealed class TestSummaryTests : IDisposable
{
    private const string Passed = """<UnitTestResult testName="Passes(name: \&quot;x\&quot;)" outcome="Passed"/>""";
    private const string Skipped = """<UnitTestResult testName="Needs_a_browser" outcome="NotExecuted"><Output><StdOut>no chromium</StdOut></Output></UnitTestResult>""";
    private const string Explicit = """<UnitTestResult testName="Takes_hours(name: \&quot;x\&quot;)" outcome="NotRunnable"/>""";
    private const string Failed = """<UnitTestResult testName="Fails" outcome="Failed"><Output><ErrorInfo><Message>not equal</Message></ErrorInfo></Output></UnitTestResult>""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Only_a_run_in_which_everything_came_to_a_good_end_is_a_good_one()
    {
        Write("Good", "0", Passed, Skipped, Explicit);
        Build.Result good = await SummaryAsync("Good");
        Assert.Equal(
            """
            skipped Needs_a_browser: no chromium
            skipped Takes_hours(name: "x"): explicit, it runs when asked for by name
            1 passed, 0 failed, 2 skipped

            """,
            good.Output,
            ignoreLineEndingDifferences: true);
        Assert.Equal(0, good.ExitCode);

        Write("Failing", "1", Failed);
        Write("Crashed", "134", Passed);
        _folder.Write("<TestRun><Res", "CutOff.trx");
        Build.Result bad = await SummaryAsync("Good", "Failing", "Crashed", "CutOff", "Missing");
        string[] failures = [.. bad.Output.Split('\n').Where(line => line.StartsWith("FAILED", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        Assert.Collection(
            failures,
            line => Assert.Contains("CutOff.trx cannot be read", line, StringComparison.Ordinal),
            line => Assert.Contains("Crashed did not come to a good end (exit code 134)", line, StringComparison.Ordinal),
            line => Assert.Equal("FAILED  Fails: not equal", line.TrimEnd()),
            line => Assert.Contains("Missing left no results", line, StringComparison.Ordinal));
        Assert.EndsWith("2 passed, 4 failed, 2 skipped", bad.Output.TrimEnd(), StringComparison.Ordinal);
        Assert.Equal(1, bad.ExitCode);
    }

    private void Write(string project, string exitCode, params string[] results)
    {
        _folder.Write(
            $"""
            <TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010">
              <Results>{string.Concat(results)}</Results>
              <ResultSummary outcome="{(results.Contains(Failed) ? "Failed" : "Completed")}"/>
            </TestRun>
            """,
            project + ".trx");
        _folder.Write(exitCode, project + ".exit");
    }

    private Task<Build.Result> SummaryAsync(params string[] projects)
        => Build.RunAsync(["run", Repository.PathOf("eng", "TestSummary.cs"), "--", _folder.Path, .. projects]);
}
