using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using GreenTune.Models.Building;
using GreenTune.Models.Folders;
using GreenTune.Models.Quantization;

namespace GreenTune.Bench;

/// <summary>
/// Time and memory of building folders from a checkpoint. Peak memory is the process's largest resident set during the build (VmHWM of Linux), mapped pages of the
/// checkpoint included.
/// </summary>
internal static class BuildBench
{
    public static Command Command()
    {
        var source = new Argument<string>("checkpoint") { Description = "The checkpoint's folder" };
        var precisions = new Option<Precision[]>("--precision") { Description = "Precisions; all that the provider has without any", AllowMultipleArgumentsPerToken = true };
        var method = new Option<QuantizationMethod?>("--method") { Description = "Rounding of int8 and int4; the default where none is given" };
        var output = new Option<string?>("--out") { Description = "Folder that keeps what is built; removed afterwards where none is given" };
        var provider = new Option<Provider>("--provider") { Description = "cpu or cuda", DefaultValueFactory = _ => Provider.Cpu };
        var command = new Command("build", "Time and peak memory of building folders") { source, precisions, method, output, provider };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(source)!, parsed.GetValue(precisions) is { Length: > 0 } some ? some : [.. parsed.GetValue(provider).Precisions()], parsed.GetValue(provider), parsed.GetValue(method), parsed.GetValue(output), cancellation));
        return command;
    }

    private static async Task RunAsync(string source, Precision[] precisions, Provider provider, QuantizationMethod? method, string? output, CancellationToken cancellation)
    {
        string folder = output ?? Directory.CreateTempSubdirectory("greentune-build-").FullName;
        Console.WriteLine("| folder | seconds | processor seconds | peak memory, MB | size, MB |");
        Console.WriteLine("|---|---|---|---|---|");
        try
        {
            var all = Stopwatch.StartNew();
            foreach (Precision precision in precisions)
            {
                var options = new BuildOptions { Precision = precision, Provider = provider };
                if (method is { } chosen && precision is Precision.Int8 or Precision.Int4)
                    options = options with { Method = method ?? options.Method };
                ResetPeak();
                TimeSpan processor = Environment.CpuUsage.TotalTime;
                var watch = Stopwatch.StartNew();
                string id = $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(source))}-{precision.Word()}{options.Variant}";
                ModelFolder built = await new ModelFolderBuilder(TimeProvider.System).BuildAsync(
                    new BuildRequest { Id = id, ModelName = Path.GetFileName(source), SourceFolder = source, TargetFolder = Path.Combine(folder, id), Options = options, Force = true }, null, cancellation);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {built.Id} | {watch.Elapsed.TotalSeconds:0.0} | {(Environment.CpuUsage.TotalTime - processor).TotalSeconds:0.0} | {PeakMegabytes():0} | {built.Bytes / 1e6:0.0} |"));
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| all | {all.Elapsed.TotalSeconds:0.0} | | | |"));
        }
        finally
        {
            if (output is null)
                Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Linux forgets the highest resident set so far.</summary>
    private static void ResetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");

    private static double PeakMegabytes() =>
        double.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024 / 1e6;
}
