using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Accounting;
using GreenTune.Inference.Energy;
using GreenTune.Inference.External;
using GreenTune.Inference.Records;
using GreenTune.Metering;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Configurations;

/// <summary>
/// Tells Accounting once a minute what this device serves and what it has been seen to cost here, as far as that has changed. Only the latest state counts, so nothing waits on disk: what could
/// not be told is told a minute later.
/// </summary>
internal sealed partial class ConfigurationReporter(
    ConfigurationRegistry registry, ExternalRegistry external, EnergyPredictor predictor, IDeviceMeter meter, AccountingClient accounting, IOptions<InferenceOptions> options,
    IHostEnvironment environment, TimeProvider clock, ILogger<ConfigurationReporter> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, string> _told = new(StringComparer.Ordinal);
    private readonly string _instance = ServiceInstance.Of(environment);
    private bool _away;

    /// <summary>Tells what has changed since it was last taken. A failure is logged once and tried again the next time.</summary>
    public async Task ReportAsync(CancellationToken cancellation)
    {
        try
        {
            // Compared without their time, which is new each time.
            ConfigurationReport[] reports = [.. Reports(clock.GetUtcNow())];
            Dictionary<string, string> state = reports.ToDictionary(report => report.Id, report => JsonSerializer.Serialize(report with { At = default }, ContractJson.Options), StringComparer.Ordinal);
            ConfigurationReport[] changed = [.. reports.Where(report => _told.GetValueOrDefault(report.Id) != state[report.Id])];
            if (changed.Length == 0)
            {
                return;
            }

            foreach (IngestRefusal refusal in await accounting.SendConfigurationsAsync(changed, cancellation))
            {
                LogRefused(refusal.Id, refusal.Reason);
            }

            // A refused one would be refused again until it changes.
            foreach (ConfigurationReport report in changed)
            {
                _told[report.Id] = state[report.Id];
            }

            _away = false;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or TimeoutException or RefusedException or Polly.ExecutionRejectedException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            if (!_away)
            {
                _away = true;
                LogAway(e.Message);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(Interval, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            try
            {
                await ReportAsync(stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Those that can serve, and those that have been seen to cost something.</summary>
    private IEnumerable<ConfigurationReport> Reports(DateTimeOffset at)
    {
        Dictionary<string, ConfigurationProfile> profiles = predictor.Profiles(ProfilesApi.Lengths, ProfilesApi.Lengths)
            .Where(profile => profile.Loads.Any(load => load.Basis is not null)).ToDictionary(profile => profile.ConfigurationId, StringComparer.Ordinal);
        return ConfigurationsApi.Views(registry, external, options.Value)
            .Where(view => view.State == ConfigurationState.Ready || profiles.ContainsKey(view.Id))
            .Select(view => new ConfigurationReport
            {
                Id = view.Id,
                Device = meter.DeviceId,
                Model = view.Model,
                Precision = view.Precision,
                Provider = view.Provider,
                Parameters = view.Parameters,
                WeightBytes = view.WeightBytes,
                ContextLength = view.ContextLength,
                Profile = profiles.GetValueOrDefault(view.Id),
                Instance = _instance,
                At = at,
            });
    }

    [LoggerMessage(1, LogLevel.Warning, "Accounting could not be told of configurations and their profiles ({Reason}); it is tried again every minute")]
    private partial void LogAway(string reason);

    [LoggerMessage(2, LogLevel.Warning, "Accounting refused what was told of {Configuration}: {Reason}")]
    private partial void LogRefused(string configuration, string reason);
}
