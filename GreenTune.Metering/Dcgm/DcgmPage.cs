namespace GreenTune.Metering.Dcgm;

/// <summary>What one page of dcgm-exporter says of one GPU.</summary>
/// <param name="Uuid">The GPU's UUID.</param>
/// <param name="Model">Its name; null when the page does not tell.</param>
/// <param name="Joules">DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION (mJ since the driver was loaded), in joules; null when it is not there.</param>
/// <param name="Watts">DCGM_FI_DEV_POWER_USAGE; null when it is not there.</param>
internal sealed record DcgmGpu(string Uuid, string? Model, double? Joules, double? Watts)
{
    private const string EnergyMetric = "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION";
    private const string PowerMetric = "DCGM_FI_DEV_POWER_USAGE";

    /// <summary>Finds the GPU on a page.</summary>
    /// <param name="page">The exporter's answer.</param>
    /// <param name="wanted">Its UUID or its number ("0"); null for the only one.</param>
    /// <param name="problem">Why it is not found, as a sentence part; null when it is.</param>
    public static DcgmGpu? Find(string page, string? wanted, out string? problem)
    {
        IReadOnlyList<PrometheusSample> samples = PrometheusText.Parse(page, EnergyMetric, PowerMetric);
        IGrouping<string, PrometheusSample>[] gpus = [.. samples.GroupBy(UuidOf).Where(gpu => gpu.Key.Length > 0)];
        problem = null;
        if (gpus.Length == 0)
        {
            problem = $"the page has neither {EnergyMetric} nor {PowerMetric}: it is no dcgm-exporter's, or its list of counters leaves them out";
            return null;
        }
        IGrouping<string, PrometheusSample>[] found = wanted is null ? gpus : [.. gpus.Where(gpu => gpu.Key == wanted || gpu.Any(sample => sample.Labels.GetValueOrDefault("gpu") == wanted))];
        if (found.Length != 1)
        {
            string all = string.Join(", ", gpus.Select(gpu => gpu.Key));
            problem = wanted is null ? $"the page has {gpus.Length} GPUs: set Metering:Dcgm:Uuid to one of {all}" : $"the page has no GPU {wanted}; it has {all}";
            return null;
        }
        PrometheusSample[] of = [.. found[0]];
        // The exporter shows a divided GPU's power once for each instance.
        string[] instances = [.. of.Select(sample => sample.Labels.GetValueOrDefault("GPU_I_ID", "")).Where(id => id.Length > 0).Distinct()];
        if (instances.Length > 1)
        {
            problem = FormattableString.Invariant($"MIG divides the GPU {found[0].Key} into {instances.Length} instances, whose power is only known together");
            return null;
        }
        return new(found[0].Key, of[0].Labels.GetValueOrDefault("modelName"), Value(of, EnergyMetric) / 1000, Value(of, PowerMetric));
    }

    private static string UuidOf(PrometheusSample sample) => sample.Labels.GetValueOrDefault("UUID") ?? sample.Labels.GetValueOrDefault("uuid") ?? "";

    private static double? Value(PrometheusSample[] samples, string name) =>
        samples.FirstOrDefault(sample => sample.Name == name)?.Value is { } value && double.IsFinite(value) && value >= 0 ? value : null;
}
