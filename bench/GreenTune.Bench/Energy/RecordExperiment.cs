using GreenTune.Metering;
using GreenTune.Metering.Recording;

namespace GreenTune.Bench.Energy;

/// <summary>Records a device under a mixed load with the engine's step records, to be replayed on any machine.</summary>
internal static class RecordExperiment
{
    public static async Task RunAsync(EnergySetting setting)
    {
        var recorder = new MeterRecorder(File.Create(setting.Recording), "Closed loops of 1, 8 and more clients with prompts of 32 to 512 and answers of 32 to 256 random tokens, quiet before, between and after.");
        DeviceMeter meter = EnergyRig.OpenMeter(setting, recorder: recorder);
        await Task.Delay(setting.Seconds(4));
        await using (EnergyRig rig = await EnergyRig.OpenAsync(setting, meter))
        {
            await Task.Delay(setting.Seconds(8));
            foreach (int clients in new[] { 1, 8, setting.Rows }.Distinct())
            {
                List<Answered> answered = await rig.ClosedLoopAsync(clients, setting.Seconds(6), clients, SteadyExperiment.Mixed);
                Statistic.Line($"{clients} clients: {answered.Count} requests, {answered.Sum(one => one.Settled.Energy.Joules?.Value ?? 0) / answered.Sum(one => one.OutputTokens):0.00000} J/token.");
                await Task.Delay(setting.Seconds(2));
            }
        }

        MeterReplayResult replay = MeterReplay.Run(setting.Recording);
        Statistic.Line($"{setting.Recording}: {new FileInfo(setting.Recording).Length} bytes, {replay.Length.TotalSeconds:0.0} s, {replay.Samples} samples, {replay.CounterReadings} counter readings, {replay.Steps} steps, {replay.Settlements.Count} requests; {recorder.Failure ?? "whole"}.");
    }
}
