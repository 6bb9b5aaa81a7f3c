using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Pages.Models;
using GreenTune.Dashboard.Tests.FakeBackend;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Tests.Pages.Models;

public sealed class LibraryModelTests
{
    [Fact]
    public async Task The_catalog_and_the_models_are_loaded()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        Assert.Equal(4, model.View.Value!.Catalog.Count);
        Assert.Equal("2 models on this machine, 4 built configurations, 52.0\u00a0GB of disk free.", LibraryText.Headline(model.View.Value));
        Assert.False(model.Working);
    }

    [Fact]
    public async Task A_pull_is_followed_until_it_ends_and_its_message_can_be_closed()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        Assert.Null(await model.PullAsync(new PullInput { Id = "tinyllama-1.1b-chat" }));
        ModelJob job = Assert.Single(model.Active);
        services.Library.Update(job.Id, j => j with { Stage = "downloading", Bytes = 550_000_000, Size = 2_200_000_000, Fraction = 0.25, BytesPerSecond = 10_000_000, RemainingSeconds = 165 });
        Assert.False(await model.LoadJobsAsync());
        Assert.Equal("downloading, 550\u00a0MB of 2.20\u00a0GB, 10.0\u00a0MB/s, about 2\u00a0min left", LibraryText.Progress(model.Active[0]));
        services.Library.End(job.Id, ModelJobState.Completed);
        Assert.True(await model.LoadJobsAsync());
        Assert.Equal("tinyllama-1.1b-chat is pulled. Build it at a precision to serve it.", LibraryText.Ended(Assert.Single(model.Ended)));
        model.Forget(job.Id);
        Assert.Empty(model.Ended);
    }

    [Fact]
    public async Task A_job_of_before_is_no_news()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        services.Library.End(services.Library.Add(ModelJobKind.Build, "greentune-tiny-int4").Id, ModelJobState.Failed, "the disk is full");
        using var model = await LoadedAsync(services);
        Assert.Empty(model.Ended);
        Assert.False(model.Working);
    }

    [Fact]
    public async Task What_is_refused_is_said()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await LoadedAsync(services);
        Assert.Null(await model.BuildAsync("smollm2-135m-instruct-int8"));
        Assert.NotNull(await model.BuildAsync("smollm2-135m-instruct-int8"));
        Assert.Contains("stays", await model.RemoveAsync("greentune-tiny"), StringComparison.Ordinal);
        Assert.Null(await model.CancelAsync(Assert.Single(model.Active).Id));
        Assert.Equal("Building smollm2-135m-instruct-int8 was cancelled.", LibraryText.Ended(Assert.Single(model.Ended)));
        Assert.Null(await model.RemoveAsync("smollm2-135m-instruct"));
        Assert.Single(model.View.Value!.Models);
    }

    [Fact]
    public async Task Without_its_backend_the_failure_is_kept_for_the_panels()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        services.Up = false;
        using var model = await LoadedAsync(services);
        Assert.Equal(LoadState.Failed, model.View.State);
        Assert.NotNull(await model.PullAsync(new PullInput { Id = "qwen3-0.6b" }));
    }

    private static async Task<LibraryModel> LoadedAsync(FakeServices services)
    {
        var model = new LibraryModel(services.Inference(), services.World.Clock);
        await model.LoadAsync();
        return model;
    }
}
