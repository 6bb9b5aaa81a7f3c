using GreenTune.Core.Contracts;
using OpenAI.Chat;

namespace GreenTune.Inference.Tests.Service;

public sealed class DeliveryTests
{
    [Fact]
    public async Task Records_made_while_Accounting_dies_and_comes_back_all_arrive()
    {
        await using var accounting = new FakeAccounting();
        await accounting.StartAsync();
        await using InferenceService service = await NanoAsync(accounting);
        ChatClient chat = service.Chat("auto");

        var ids = new HashSet<string>();
        for (int i = 0; i < 100; i++)
        {
            if (i == 30)
            {
                await accounting.KillAsync();
            }

            if (i == 80)
            {
                await accounting.StartAsync();
            }

            ids.Add((await chat.CompleteChatAsync([new UserChatMessage("Hi")], new ChatCompletionOptions { MaxOutputTokenCount = 2 })).Value.Id);
        }

        Assert.Equal(100, ids.Count);
        await Eventually.TrueAsync(() => accounting.Records.Count == 100);
        Assert.Equal(ids.Order(), accounting.Records.Keys.Order());
    }

    [Fact]
    public async Task Auto_follows_Accountings_choice_and_keeps_it_while_Accounting_is_away()
    {
        await using var accounting = new FakeAccounting { Auto = Choice("greentune-nano-int4", "greentune-nano-fp32") };
        await accounting.StartAsync();
        await using InferenceService service = await NanoAsync(accounting);
        await ServesAsync(service, "greentune-nano-int4");

        accounting.Send(EventNames.Auto, Choice("greentune-nano-fp32", "greentune-nano-int4"));
        await ServesAsync(service, "greentune-nano-fp32");

        await accounting.KillAsync();
        Assert.Equal("greentune-nano-fp32", await ServedAsync(service, "auto"));
        Assert.Equal("greentune-nano-fp32", await ServedAsync(service, "greentune-nano"));
    }

    [Fact]
    public async Task Without_any_measurement_auto_is_the_default_configuration()
    {
        await using InferenceService service = await NanoAsync(null);
        Assert.Equal("greentune-nano-int4", await ServedAsync(service, "auto"));
    }

    [Fact]
    public async Task A_folder_from_elsewhere_is_served_by_its_GenAI_graph_with_the_same_answers()
    {
        string folder = ForeignFolder("greentune-nano-fp32");
        try
        {
            await using InferenceService service = await InferenceService.StartAsync(settings:
            [
                ("Inference:Configurations:0", "greentune-nano-fp32"),
                ("Inference:DefaultConfiguration", "greentune-nano-fp32"),
                ("Inference:ModelFolders:0", folder),
            ]);
            foreach (ExpectedAnswers.Item item in ExpectedAnswers.Of("greentune-nano").Items.Take(10))
            {
                ChatCompletion answer = await service.Chat(Path.GetFileName(folder)).CompleteChatAsync([new UserChatMessage(item.Prompt)], new ChatCompletionOptions { MaxOutputTokenCount = 96 });
                Assert.Equal(item.Text, answer.Content[0].Text);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_plan_measures_every_configuration()
    {
        await using InferenceService service = await InferenceService.StartAsync();
        MeasurementPlan plan = await MeasureAsync(service, """{"items": 6, "repeats": 2, "offeredRequests": 6, "scoredItems": 12}""");
        Assert.Equal("greentune-tiny-fp32", plan.Reference);
        Assert.Equal(6, plan.Configurations.Count);
        Assert.All(plan.Configurations, measured =>
        {
            Assert.Null(measured.Rejected);
            Assert.Equal(6, measured.ClosedLoop.Count);
            Assert.Equal(6, measured.OfferedLoadSeconds.Count);
            Assert.Equal(12, measured.Correct.Count);
            Assert.All(measured.ClosedLoop, sample => Assert.True(sample is { Joules.Value: > 0, OutputTokens: > 0, Seconds: > 0 }));
        });
        Assert.True(plan.OfferedRequestsPerSecond > 0);
    }

    [Fact]
    public async Task A_plans_scores_are_the_cards()
    {
        await using InferenceService service = await InferenceService.StartAsync();
        MeasurementPlan plan = await MeasureAsync(service, """{"items": 6, "repeats": 1, "offeredRequests": 6, "scoredItems": 300, "configurations": ["greentune-nano-fp32", "greentune-tiny-fp32"]}""");
        // The cards say 0.78 and 0.8267; a percent of 300 sentences is three.
        Assert.InRange(Accuracy("greentune-nano-fp32"), 0.77, 0.79);
        Assert.InRange(Accuracy("greentune-tiny-fp32"), 0.8167, 0.8367);

        double Accuracy(string id) => plan.Configurations.Single(measured => measured.ConfigurationId == id).Correct.Average(right => right ? 1.0 : 0.0);
    }

    /// <summary>Starts a plan, sees a second one refused, and waits for its end.</summary>
    private static async Task<MeasurementPlan> MeasureAsync(InferenceService service, string request)
    {
        using HttpResponseMessage started = await service.Http.PostAsync(new Uri("api/plans", UriKind.Relative), new StringContent(request, System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(System.Net.HttpStatusCode.Accepted, started.StatusCode);
        using HttpResponseMessage second = await service.Http.PostAsync(new Uri("api/plans", UriKind.Relative), new StringContent("{}", System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(System.Net.HttpStatusCode.Conflict, second.StatusCode);
        await Eventually.TrueAsync(() => !service.Accounting.Plans.IsEmpty, TimeSpan.FromMinutes(10));
        return service.Accounting.Plans.Values.Single();
    }

    private static AutoChoice Choice(params string[] candidates) => new() { ConfigurationId = candidates[0], Candidates = candidates, Because = ["the test says so"], Pinned = false };

    private static Task<InferenceService> NanoAsync(FakeAccounting? accounting) => InferenceService.StartAsync(
        accounting,
        settings:
        [
            ("Inference:Configurations:0", "greentune-nano-int4"),
            ("Inference:Configurations:1", "greentune-nano-fp32"),
            ("Inference:DefaultConfiguration", "greentune-nano-int4"),
        ]);

    private static async Task ServesAsync(InferenceService service, string configuration) =>
        await Eventually.TrueAsync(async () => await ServedAsync(service, "auto") == configuration);

    private static async Task<string> ServedAsync(InferenceService service, string model) =>
        (await service.Chat(model).CompleteChatAsync([new UserChatMessage("Hi")], new ChatCompletionOptions { MaxOutputTokenCount = 1 })).Value.Model;

    /// <summary>One of our own folders without what makes it ours.</summary>
    private static string ForeignFolder(string id)
    {
        string built = Directory.GetDirectories(Path.Combine(Repository.Root, "artifacts", "test-cache", "models"), $"{id}-cpu-*").First();
        string folder = Path.Combine(Path.GetTempPath(), $"somebody-elses-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(built).Where(file => Path.GetFileName(file) is not ("greentune.json" or "engine.onnx")))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        return folder;
    }
}
