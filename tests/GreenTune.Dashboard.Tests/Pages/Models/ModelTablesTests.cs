using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Pages.Models;
using GreenTune.Dashboard.Tests.FakeBackend;
using GreenTune.Dashboard.Tests.Ui;

namespace GreenTune.Dashboard.Tests.Pages.Models;

/// <summary>The page's tables as HTML.</summary>
public sealed class ModelTablesTests
{
    [Fact]
    public async Task Catalog_rows_offer_what_can_be_done()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        ModelsView view = await services.Inference().GetModelsAsync(CancellationToken.None);
        string html = await Rendering.HtmlOfAsync<CatalogTable>(new() { [nameof(CatalogTable.Catalog)] = view.Catalog });
        Assert.Contains("aria-label=\"Pull TinyLlama 1.1B Chat v1.0\"", html);
        Assert.Contains("aria-label=\"Go on pulling Qwen3 0.6B\"", html);
        Assert.DoesNotContain("Pull SmolLM2", html);
        Assert.Contains("Llama 3.2 Community License Agreement", html);
        Assert.Contains("gated</span>", html);
        Assert.Contains("int4 in memory", html);
    }

    [Fact]
    public async Task Local_rows_build_what_is_not_built_and_remove_what_is_not_bundled()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        ModelsView view = await services.Inference().GetModelsAsync(CancellationToken.None);
        string html = await Rendering.HtmlOfAsync<LocalModels>(new() { [nameof(LocalModels.Models)] = view.Models });
        Assert.Contains("aria-label=\"Build smollm2-135m-instruct-int8\"", html);
        Assert.DoesNotContain("Build smollm2-135m-instruct-int4", html);
        Assert.Contains("aria-label=\"Remove smollm2-135m-instruct\"", html);
        Assert.DoesNotContain("Remove greentune-tiny", html);
        Assert.Contains("HuggingFaceTB/SmolLM2-135M-Instruct at 0123456789ab", html);
        Assert.Contains(">serving</span>", html);
        Assert.Contains(">not built</span>", html);
    }

    [Fact]
    public async Task A_running_job_has_a_named_bar_and_a_failed_one_its_reason()
    {
        ModelJob running = Job(ModelJobState.Running) with { Stage = "downloading", Fraction = 0.4, Message = "the hub answered 503; trying again in 2 s" };
        ModelJob failed = Job(ModelJobState.Failed) with { Error = "the disk is full" };
        string html = await Rendering.HtmlOfAsync<JobsPanel>(new() { [nameof(JobsPanel.Active)] = new[] { running }, [nameof(JobsPanel.Ended)] = new[] { failed } });
        Assert.Matches("role=\"progressbar\" aria-label=\"Pull small\"[^>]*aria-valuenow=\"40\"", html);
        Assert.Contains("trying again in 2 s", html);
        Assert.Contains("role=\"status\">Pull small failed: the disk is full", html);
        Assert.Contains("aria-label=\"Cancel: Pull small\"", html);
    }

    [Fact]
    public async Task Configurations_that_were_built_otherwise_say_how()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        LocalModelView model = (await services.Inference().GetModelsAsync(CancellationToken.None)).Models[0];
        BuildableView int4 = model.Configurations.First(c => c.Precision == "int4");
        model = model with { Configurations = [int4, int4 with { Id = int4.Id + "-gptq-b64" }] };
        string html = await Rendering.HtmlOfAsync<LocalModels>(new() { [nameof(LocalModels.Models)] = new[] { model } });
        Assert.Contains("<td>int4 <span", html);
        Assert.Contains("<td>int4 gptq b64 <span", html);
    }

    private static ModelJob Job(ModelJobState state) => new() { Id = Guid.NewGuid(), Kind = ModelJobKind.Pull, Name = "small", State = state, CreatedAt = DateTimeOffset.UnixEpoch, Stage = "starting" };
}
