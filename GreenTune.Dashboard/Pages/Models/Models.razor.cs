using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Ui;
using Microsoft.AspNetCore.Components;

namespace GreenTune.Dashboard.Pages.Models;

public sealed partial class Models
{
    private static readonly TimeSpan JobInterval = TimeSpan.FromSeconds(1);
    private bool _polling;

    [Inject]
    private Dialogs Dialogs { get; set; } = default!;

    [Inject]
    private Toasts Toasts { get; set; } = default!;

    private LibraryModel Model { get; set; } = default!;

    protected override void Prepare() => Model = new LibraryModel(Inference, Time);

    protected override async Task LoadAsync()
    {
        await Model.LoadAsync();
        FollowJobs();
    }

    protected override ValueTask DisposePageAsync()
    {
        Model.Dispose();
        return ValueTask.CompletedTask;
    }

    private Task RetryAsync() => LoadAsync();

    private async Task PullAsync(CatalogModelView model)
    {
        bool agreed = await Dialogs.OpenAsync<PullDialog, bool>($"Pull {model.DisplayName}", new Dictionary<string, object?>
        {
            [nameof(PullDialog.Model)] = model,
            [nameof(PullDialog.FreeBytes)] = Model.View.Value?.FreeBytes,
        });
        if (agreed)
        {
            Tell(await Model.PullAsync(new PullInput { Id = model.Id }));
        }
    }

    private async Task BuildAsync(BuildableView configuration) => Tell(await Model.BuildAsync(configuration.Id));

    private async Task CancelAsync(ModelJob job) => Tell(await Model.CancelAsync(job.Id));

    private async Task RemoveAsync(LocalModelView model)
    {
        long bytes = model.Bytes + model.Configurations.Sum(c => c.Bytes ?? 0);
        int built = model.Configurations.Count(c => c.Built);
        if (!await Dialogs.ConfirmAsync(
            "Remove model",
            $"{model.Name} and {(built == 1 ? "the configuration" : $"the {built} configurations")} built from it go from the disk of Inference's machine and are no longer served; {LibraryText.Size(bytes)} become free. Its records stay.",
            "Remove model"))
        {
            return;
        }

        string? problem = await Model.RemoveAsync(model.Name);
        if (problem is null)
        {
            Toasts.Done($"{model.Name} is removed.");
        }

        Tell(problem);
    }

    private void Tell(string? problem)
    {
        if (problem is not null)
        {
            Toasts.Failed(problem);
        }

        FollowJobs();
    }

    /// <summary>Asks once a second how far the jobs are, while there are any.</summary>
    private void FollowJobs()
    {
        if (!_polling && Model.Working)
        {
            _polling = true;
            _ = PollAsync();
        }
    }

    private async Task PollAsync()
    {
        try
        {
            while (Model.Working)
            {
                await Task.Delay(JobInterval, Time, Gone);
                if (await Model.LoadJobsAsync())
                {
                    await Model.LoadAsync();
                    await Shell.RefreshCatalogueAsync();
                }

                if (!Session.Hidden)
                {
                    StateHasChanged();
                }
            }

            // What was built is loaded after its job has ended.
            await Task.Delay(JobInterval, Time, Gone);
            await Model.LoadAsync();
            StateHasChanged();
        }
        catch (OperationCanceledException)
        {
            // The page is gone.
        }
        finally
        {
            _polling = false;
        }
    }
}
