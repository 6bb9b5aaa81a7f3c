using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GreenTune.Eng.Tests;

/// <summary>Runs `dotnet` as a developer would, without what this test run itself has set.</summary>
internal static class Build
{
    public sealed record Result(int ExitCode, string Output)
    {
        public IEnumerable<string> Errors => Output.Split('\n').Where(line => line.Contains(": error ", StringComparison.Ordinal)).Select(line => line.Trim()).Distinct();
    }

    /// <summary>By its full path, so that a test may take everything else off PATH.</summary>
    private static readonly string DotNet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));

    public static async Task<Result> RunAsync(string[] args, string? directory = null, params (string Name, string? Value)[] environment)
    {
        var start = new ProcessStartInfo(DotNet, args)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory ?? Path.GetTempPath(),
        };
        start.Environment.Remove("PackageFeed");
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["DOTNET_NOLOGO"] = "1";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return new Result(process.ExitCode, await output + await error);
    }
}
