using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Formatting;

/// <summary>Words for what the contracts write in short.</summary>
public static class MeterNames
{
    public static string Display(string? meter) => meter switch
    {
        "nvml" => "NVML",
        "rapl" => "RAPL",
        "cpu-estimate" => "CPU estimate",
        "simulated" => "simulated",
        null or "none" => "none",
        _ => meter,
    };

    /// <summary>"NVML, device boundary, attribution-1": what the badge of one record explains.</summary>
    public static string Explain(EnergyFigures energy)
    {
        var parts = new List<string> { energy.Meter is null ? "No meter" : "Meter: " + Display(energy.Meter) };
        if (energy.Boundary is { } boundary)
        {
            parts.Add($"boundary: {boundary}");
        }

        parts.Add($"method: {energy.MethodVersion}");
        return string.Join(", ", parts) + ".";
    }

    /// <summary>The same for a device.</summary>
    public static string Explain(DeviceView device) =>
        $"{device.Explanation} Meter: {Display(device.Meter)}{(device.Boundary is { } boundary ? $", boundary: {boundary}" : string.Empty)}.";

    /// <summary>What a quality means, where several meters may be behind a sum.</summary>
    public static string Explain(EnergyQuality quality) => quality switch
    {
        EnergyQuality.Measured => "Every part comes from a meter that resolves it.",
        EnergyQuality.Modelled => "At least one part comes through a model, because the meter could not resolve it.",
        EnergyQuality.Estimated => "At least one part has no meter: it is worked out from utilisation and a power table.",
        _ => "Nothing was metered.",
    };
}
