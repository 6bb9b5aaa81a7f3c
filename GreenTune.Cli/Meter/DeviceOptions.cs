using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Metering;
using GreenTune.Metering.Sources;

namespace GreenTune.Cli.Meter;

/// <summary>Which devices a command meters.</summary>
internal sealed class DeviceOptions
{
    private readonly Option<DeviceChoice?> _device = CommonOptions.Word<DeviceChoice>("--device", "What is metered (the default is all)");
    private readonly Option<string?> _gpu = CommonOptions.Text(
        "--gpu", "uuid", "One GPU of several, by its UUID as 'greentune meter devices' lists it.",
        text => text.StartsWith("GPU-", StringComparison.Ordinal) || text.StartsWith("MIG-", StringComparison.Ordinal), "a GPU's UUID", "GPU-8f6d1a2e-0c5b-4c1e-9a57-1f0f6d9a7b3c");

    public void AddTo(Command command)
    {
        command.Options.Add(_device);
        command.Options.Add(_gpu);
    }

    /// <summary>Opens the devices of the choice. The caller disposes them.</summary>
    /// <exception cref="BadUsageException">A setting of the environment is wrong.</exception>
    /// <exception cref="CommandFailedException">A device that was named cannot be metered.</exception>
    public IReadOnlyList<IPowerSource> Open(ParseResult result, CliConsole console, IMachinePower machine, MeteredProcesses? whose = null) =>
        Open(result, EnvironmentSettings.Metering(console.Variables), machine, whose);

    /// <inheritdoc cref="Open(ParseResult, CliConsole, IMachinePower, MeteredProcesses?)"/>
    public IReadOnlyList<IPowerSource> Open(ParseResult result, MeteringOptions options, IMachinePower machine, MeteredProcesses? whose = null)
    {
        string? gpu = result.GetValue(_gpu);
        DeviceChoice choice = result.GetValue(_device) ?? (gpu is null ? DeviceChoice.All : DeviceChoice.Gpu);
        if (choice == DeviceChoice.Cpu && gpu is not null)
            throw new BadUsageException("--gpu names a GPU, and --device cpu leaves GPUs out; for example --device gpu --gpu " + gpu);
        IReadOnlyList<IPowerSource> sources = machine.Open(options, choice, gpu, whose);
        if (choice == DeviceChoice.All || sources.Any(MeteringWords.IsMetered))
            return sources;
        string reasons = string.Join(" ", sources.Select(source => MeteringWords.Reason(source.Description.Explanation)));
        foreach (IPowerSource source in sources)
            source.Dispose();
        throw new CommandFailedException($"the {choice.ToString().ToUpperInvariant()} cannot be metered here: {reasons} 'greentune meter devices' shows what can");
    }
}
