using GreenTune.Accounting.Http;
using GreenTune.Accounting.Records;
using GreenTune.Core.Contracts;

namespace GreenTune.Accounting.ThreeE;

/// <summary>Checks a finished plan from outside.</summary>
internal static class PlanValidator
{
    private const int MaxConfigurations = 64;
    private const int MaxSamples = 100_000;
    private const int MaxText = 200;

    public static FieldErrors Check(MeasurementPlan plan, DateTimeOffset now)
    {
        var errors = new FieldErrors();
        void Require(bool sound, string field, string message)
        {
            if (!sound)
            {
                errors.Add(field, message);
            }
        }

        Require(plan.Id != Guid.Empty, "id", "The plan needs an id of its own.");
        Require(plan.EndedAt >= plan.StartedAt, "endedAt", "endedAt is before startedAt.");
        Require(plan.EndedAt <= now + RecordValidator.ClockTolerance, "endedAt", "endedAt is more than 5 minutes in the future.");
        Require(Text(plan.Workload), "workload", $"The workload has a name of 1 to {MaxText} characters.");
        Require(Text(plan.ScoreMethod), "scoreMethod", $"The score's method has a name of 1 to {MaxText} characters.");
        Require(Text(plan.Device), "device", $"The device has an id of 1 to {MaxText} characters.");
        Require(Text(plan.MethodVersion), "methodVersion", "The method's version is missing.");
        Require(plan.Repeats is >= 1 and <= 1000, "repeats", "repeats can be 1 to 1000.");
        Require(plan.Concurrency is >= 1 and <= 10_000, "concurrency", "concurrency can be 1 to 10000.");
        Require(plan.OfferedRequestsPerSecond is null or (> 0 and <= 1e6), "offeredRequestsPerSecond", "The offered rate is above 0, or null when that part did not run.");
        Require(Enum.IsDefined(plan.Quality), "quality", "The quality is not known.");
        Require(plan.Configurations.Count is >= 1 and <= MaxConfigurations, "configurations", $"A plan has 1 to {MaxConfigurations} configurations.");
        if (errors.Any)
        {
            return errors;
        }

        for (int i = 0; i < plan.Configurations.Count; i++)
        {
            CheckConfiguration(plan.Configurations[i], $"configurations[{i}]", Require);
        }

        if (!errors.Any)
        {
            string[] ids = [.. plan.Configurations.Select(configuration => configuration.ConfigurationId)];
            Require(ids.Distinct().Count() == ids.Length, "configurations", "A configuration is there twice.");
            Require(ids.Contains(plan.Reference), "reference", $"The reference {plan.Reference} is none of the plan's configurations.");
            Require(!plan.Configurations.Any(configuration => configuration.ConfigurationId == plan.Reference && configuration.SourceQuantized), "reference", $"The reference {plan.Reference} was made from weights that were quantised already.");
            int[] scored = [.. plan.Configurations.Where(configuration => configuration is { Rejected: null, Correct.Count: > 0 }).Select(configuration => configuration.Correct.Count).Distinct()];
            Require(scored.Length <= 1, "configurations", "Configurations were scored on different numbers of items; a plan scores the same items for all.");
        }

        return errors;
    }

    private static void CheckConfiguration(ConfigurationMeasurement? measurement, string field, Action<bool, string, string> require)
    {
        if (measurement is null)
        {
            require(false, field, "A configuration has samples.");
            return;
        }

        require(Identifiers.IsConfiguration(measurement.ConfigurationId), $"{field}.configurationId", $"A configuration's id is {Identifiers.ConfigurationForm}.");
        require(measurement.ClosedLoop.Count <= MaxSamples && measurement.OfferedLoadSeconds.Count <= MaxSamples && measurement.Correct.Count <= MaxSamples, field, $"At most {MaxSamples} samples of a kind.");
        require(measurement.ClosedLoop.All(Sound), $"{field}.closedLoop", "A sample has an item, tokens not below 0, seconds above 0 and joules not below 0 or null.");
        require(measurement.OfferedLoadSeconds.All(seconds => seconds is > 0 and <= RecordValidator.MaxSeconds), $"{field}.offeredLoadSeconds", "Latencies are seconds above 0.");
        require(measurement.Unparsable >= 0 && measurement.Unparsable <= measurement.Correct.Count, $"{field}.unparsable", "Unparsable answers are among the scored items.");
        require(measurement.Rejected is null || Text(measurement.Rejected), $"{field}.rejected", $"The reason has 1 to {MaxText} characters.");
    }

    private static bool Sound(ClosedLoopSample? sample) => sample is not null
        && Text(sample.Item)
        && sample.Repeat >= 0
        && sample.InputTokens is >= 0 and <= RecordValidator.MaxTokens
        && sample.OutputTokens is >= 0 and <= RecordValidator.MaxTokens
        && sample.Seconds is > 0 and <= RecordValidator.MaxSeconds
        && (sample.Joules is null || sample.Joules.Value.Value is >= 0 and <= 1e12);

    private static bool Text(string? text) => Identifiers.IsText(text, MaxText);
}
