using GreenTune.Core.Contracts;
using GreenTune.Core.Units;

namespace GreenTune.Inference.Chat.Responses;

/// <summary>The energy of an answer that took several generations.</summary>
internal static class UsageEnergySum
{
    /// <summary>
    /// Sums of the parts' figures. A sum of which a part is not known is not known, with that part's reason. Uncertainties add up as if they were one error,
    /// which is their upper bound: gain and baseline of one meter are shared. The record is the first part's.
    /// </summary>
    /// <param name="parts">At least one.</param>
    /// <param name="outputTokens">Of all parts.</param>
    public static UsageEnergy Of(IReadOnlyList<UsageEnergy> parts, int outputTokens)
    {
        if (parts.Count == 1)
        {
            return parts[0];
        }

        var reasons = new Dictionary<string, string>();
        foreach (UsageEnergy part in parts)
        {
            foreach ((string name, string reason) in part.Reasons)
            {
                reasons.TryAdd(name, reason);
            }
        }

        Joules? joules = Sum(parts, part => part.Joules);
        UsageEnergy first = parts[0];
        return new UsageEnergy
        {
            Joules = joules,
            ActiveJoules = Sum(parts, part => part.ActiveJoules),
            PrefillJoules = Sum(parts, part => part.PrefillJoules),
            DecodeJoules = Sum(parts, part => part.DecodeJoules),
            IdleJoules = Sum(parts, part => part.IdleJoules),
            JoulesPerOutputToken = joules is { } all && outputTokens > 0 ? all.Value / outputTokens : null,
            CO2eGrams = parts.All(part => part.CO2eGrams is not null) ? new GramsCO2e(parts.Sum(part => part.CO2eGrams!.Value.Value)) : null,
            RelativeUncertainty = joules is { Value: > 0 } sum && parts.All(part => part.RelativeUncertainty is not null)
                ? parts.Sum(part => part.RelativeUncertainty!.Value * part.Joules!.Value.Value) / sum.Value
                : null,
            Quality = parts.Min(part => part.Quality),
            Components = new ComponentJoules
            {
                Gpu = Sum(parts, part => part.Components.Gpu),
                Cpu = Sum(parts, part => part.Components.Cpu),
                Dram = Sum(parts, part => part.Components.Dram),
            },
            Boundary = parts.All(part => part.Boundary == first.Boundary) ? first.Boundary : null,
            Meter = parts.All(part => part.Meter == first.Meter) ? first.Meter : null,
            Settled = parts.All(part => part.Settled),
            Reasons = reasons,
            Record = first.Record,
        };
    }

    private static Joules? Sum(IReadOnlyList<UsageEnergy> parts, Func<UsageEnergy, Joules?> figure)
    {
        double sum = 0;
        foreach (UsageEnergy part in parts)
        {
            if (figure(part) is not { } known)
            {
                return null;
            }

            sum += known.Value;
        }

        return new Joules(sum);
    }
}
