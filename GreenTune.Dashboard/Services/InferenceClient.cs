using System.Globalization;
using System.Net.ServerSentEvents;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Access;

namespace GreenTune.Dashboard.Services;

/// <summary>Inference's API (docs/http-api.md) besides chat. Every method throws <see cref="ServiceException"/> when there is no answer.</summary>
public sealed class InferenceClient(HttpClient http, SignedIn? user = null) : ServiceClient(http, ServiceNames.Inference, user)
{
    public Task<IReadOnlyList<ConfigurationView>> GetConfigurationsAsync(CancellationToken cancellationToken) =>
        GetAsync<IReadOnlyList<ConfigurationView>>("api/configurations", cancellationToken);

    public Task<Prediction> PredictAsync(PredictionRequest request, CancellationToken cancellationToken) =>
        SendAsync<Prediction>(HttpMethod.Post, "api/predictions", request, cancellationToken);

    public Task<IReadOnlyList<DeviceView>> GetDevicesAsync(CancellationToken cancellationToken) => GetAsync<IReadOnlyList<DeviceView>>("api/meter", cancellationToken);

    /// <summary>Power of the last seconds, of every device.</summary>
    public Task<IReadOnlyList<PowerFrame>> GetPowerAsync(int seconds, CancellationToken cancellationToken) =>
        GetAsync<IReadOnlyList<PowerFrame>>("api/meter/power?seconds=" + seconds.ToString(CultureInfo.InvariantCulture), cancellationToken);

    public Task<PlanStatus> StartPlanAsync(PlanRequest request, CancellationToken cancellationToken) =>
        SendAsync<PlanStatus>(HttpMethod.Post, "api/plans", request, cancellationToken);

    /// <summary>The plan that runs or ran last; null when none ran since the service started.</summary>
    public async Task<PlanStatus?> GetPlanAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await GetAsync<PlanStatus>("api/plans/current", cancellationToken);
        }
        catch (ServiceException e) when (e.Failure == ServiceFailure.NotFound)
        {
            return null;
        }
    }

    public async Task CancelPlanAsync(CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Delete, "api/plans/current", null, cancellationToken);
    }

    /// <summary>The catalog, the models on Inference's machine and what is built from them.</summary>
    public Task<ModelsView> GetModelsAsync(CancellationToken cancellationToken) => GetAsync<ModelsView>("api/models", cancellationToken);

    public Task<ModelJob> StartPullAsync(PullInput input, CancellationToken cancellationToken) => SendAsync<ModelJob>(HttpMethod.Post, "api/models/pulls", input, cancellationToken);

    public Task<ModelJob> StartBuildAsync(BuildInput input, CancellationToken cancellationToken) => SendAsync<ModelJob>(HttpMethod.Post, "api/models/builds", input, cancellationToken);

    /// <summary>Pulls and builds, newest first.</summary>
    public Task<IReadOnlyList<ModelJob>> GetModelJobsAsync(CancellationToken cancellationToken) => GetAsync<IReadOnlyList<ModelJob>>("api/models/jobs", cancellationToken);

    public async Task CancelModelJobAsync(Guid job, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Delete, $"api/models/jobs/{job}", null, cancellationToken);
    }

    public Task<ModelRemoval> RemoveModelAsync(string name, CancellationToken cancellationToken) =>
        SendAsync<ModelRemoval>(HttpMethod.Delete, "api/models/" + Uri.EscapeDataString(name), null, cancellationToken);

    /// <summary>Streams an answer; see <see cref="ChatStream"/>.</summary>
    public IAsyncEnumerable<ChatUpdate> StreamChatAsync(ChatRequest request, CancellationToken cancellationToken) =>
        ChatStream.ReadAsync(Http, request, Sign, cancellationToken);

    internal IAsyncEnumerable<SseItem<string>> StreamPowerAsync(Action connected, CancellationToken cancellationToken) =>
        EventStream.ReadAsync(Http, "api/meter/stream", connected, cancellationToken);
}
