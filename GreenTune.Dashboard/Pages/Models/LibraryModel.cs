using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Models;

/// <summary>What the Models page knows: the catalog, the models on Inference's machine, and the jobs. Methods that change something return the problem, or null.</summary>
public sealed class LibraryModel(InferenceClient inference, TimeProvider time) : IDisposable
{
    private readonly HashSet<Guid> _followed = [];

    public Loadable<ModelsView> View { get; } = new(time);

    /// <summary>Newest first.</summary>
    public IReadOnlyList<ModelJob> Jobs { get; private set; } = [];

    /// <summary>Jobs that run or wait, the one that runs first.</summary>
    public IReadOnlyList<ModelJob> Active => [.. Jobs.Where(j => j.EndedAt is null).OrderBy(j => j.CreatedAt)];

    /// <summary>Jobs that ended while this page watched and whose message is not closed, newest first.</summary>
    public IReadOnlyList<ModelJob> Ended => [.. Jobs.Where(j => j.EndedAt is not null && _followed.Contains(j.Id))];

    public bool Working => Active.Count > 0;

    public async Task LoadAsync()
    {
        await View.LoadAsync(inference.GetModelsAsync);
        await LoadJobsAsync();
    }

    /// <summary>Asks how far the jobs are.</summary>
    /// <returns>Whether one ended since it was last asked.</returns>
    public async Task<bool> LoadJobsAsync()
    {
        try
        {
            int before = Active.Count;
            Jobs = await inference.GetModelJobsAsync(CancellationToken.None);
            _followed.UnionWith(Active.Select(j => j.Id));
            return Active.Count < before;
        }
        catch (ServiceException)
        {
            // The view's own failure says that Inference is away.
            return false;
        }
    }

    public Task<string?> PullAsync(PullInput input) => StartAsync(() => inference.StartPullAsync(input, CancellationToken.None));

    public Task<string?> BuildAsync(string configuration) => StartAsync(() => inference.StartBuildAsync(new BuildInput { Configuration = configuration }, CancellationToken.None));

    public Task<string?> CancelAsync(Guid job) => ChangeAsync(() => inference.CancelModelJobAsync(job, CancellationToken.None));

    public Task<string?> RemoveAsync(string name) => ChangeAsync(() => inference.RemoveModelAsync(name, CancellationToken.None));

    /// <summary>Closes the message of a job that has ended.</summary>
    public void Forget(Guid job) => _followed.Remove(job);

    public void Dispose() => View.Dispose();

    private Task<string?> StartAsync(Func<Task<ModelJob>> start) => ChangeAsync(async () => _followed.Add((await start()).Id));

    private async Task<string?> ChangeAsync(Func<Task> change)
    {
        try
        {
            await change();
        }
        catch (ServiceException e)
        {
            return e.Message;
        }

        await LoadAsync();
        return null;
    }
}
