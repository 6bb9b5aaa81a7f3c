using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Pages.Playground;
using GreenTune.Dashboard.Tests.FakeBackend;

namespace GreenTune.Dashboard.Tests.Pages.Playground;

public sealed class PlaygroundModelTests
{
    private const string Question = "Name three ways to save energy.";

    [Fact]
    public async Task One_answer_streams_and_settles_from_its_record()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await ReadyAsync(services);
        await model.SendAsync(Question, "team-support", () => { });
        var answer = Assert.Single(Assert.Single(model.Turns).Answers);
        Assert.Equal("greentune-tiny-int4", answer.ConfigurationId);
        Assert.StartsWith("Turn off lights", answer.Text);
        await UntilAsync(() => answer.State == AnswerState.Settled);
        Assert.Equal(EnergyQuality.Estimated, answer.Quality);
        Assert.Equal(1, model.Total.Answers);
        Assert.Equal(answer.Joules!.Value.Value, model.Total.Joules);
    }

    [Fact]
    public async Task Two_are_asked_at_once_and_compared()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await ReadyAsync(services);
        model.SideBySide = true;
        model.ChoiceA = "greentune-tiny-int4";
        model.ChoiceB = "greentune-nano-int8";
        await model.SendAsync(Question, "team-support", () => { });
        var answers = model.Turns[0].Answers;
        await UntilAsync(() => answers.All(a => a.State == AnswerState.Settled));
        var text = PlaygroundText.Comparison(answers[0], answers[1], model.ThreeE)!;
        Assert.StartsWith("B spends ", text);
        Assert.Contains("scores below the floor of 0.95", text);
        Assert.DoesNotContain("prediction", text);
    }

    [Fact]
    public async Task The_conversation_goes_along_column_by_column()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await ReadyAsync(services);
        await model.SendAsync("First?", "team-support", () => { });
        await model.SendAsync("Second?", "team-support", () => { });
        Assert.Contains("First?", services.Chats[1]);
        Assert.Contains("Turn off lights", services.Chats[1]);
        model.KeepHistory = false;
        await model.SendAsync("Third?", "team-support", () => { });
        Assert.DoesNotContain("First?", services.Chats[2]);
        model.Clear();
        Assert.Empty(model.Turns);
    }

    [Fact]
    public async Task A_budget_that_blocks_refuses_and_one_that_degrades_says_so()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await ReadyAsync(services);
        await model.SendAsync(Question, "batch-eval", () => { });
        var refused = model.Turns[0].Answers[0];
        Assert.Equal(AnswerState.Refused, refused.State);
        Assert.Equal("Try again on 20 Nov at 00:04.", PlaygroundText.RetryAt(refused, SampleWorld.Morning, LocalTimes.ForZone("Etc/UTC")));
        await model.SendAsync(Question, "playground", () => { });
        var degraded = model.Turns[1].Answers[0];
        Assert.Equal("greentune-nano-int8", degraded.ConfigurationId);
        Assert.Contains("degraded this answer (96", PlaygroundText.BudgetNote(degraded));
        Assert.Contains("tiny int4 would have answered", PlaygroundText.BudgetNote(degraded));
    }

    [Fact]
    public async Task Stopping_ends_the_text_and_the_record_says_cancelled()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        // Slow enough that the answer cannot end by itself before it is stopped, however busy the machine is.
        services.TokenInterval = TimeSpan.FromMilliseconds(250);
        using var model = await ReadyAsync(services);
        var sending = model.SendAsync(Question, "team-support", () => { });
        await UntilAsync(() => model.Turns is [{ Answers: [{ State: AnswerState.Streaming }] }]);
        model.Stop();
        await sending;
        var answer = model.Turns[0].Answers[0];
        Assert.True(answer.Stopped);
        Assert.NotEmpty(answer.Text);
        await UntilAsync(() => answer.State == AnswerState.Settled);
        Assert.Equal(RequestOutcome.Cancelled, services.World.Records.First(r => r.Record.Id == answer.RecordId).Record.Outcome);
    }

    [Fact]
    public async Task An_unknown_model_fails_with_the_services_words_and_stays_out_of_the_history()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await ReadyAsync(services);
        model.ChoiceA = "gpt-9";
        await model.SendAsync(Question, "team-support", () => { });
        Assert.Contains("does not exist", model.Turns[0].Answers[0].Problem);
        model.ChoiceA = "auto";
        await model.SendAsync("Again?", "team-support", () => { });
        Assert.DoesNotContain("Name three", services.Chats[1]);
    }

    [Fact]
    public async Task The_cost_is_predicted_before_sending()
    {
        await using var services = await FakeServicesClients.StartBusyAsync();
        using var model = await ReadyAsync(services);
        model.SideBySide = true;
        model.ChoiceB = "greentune-nano-int8";
        await model.PredictAsync(Question, CancellationToken.None);
        Assert.Equal(["greentune-tiny-int4", "greentune-nano-int8"], model.Predictions.Select(p => p.ConfigurationId));
        Assert.StartsWith("Predicted for up to 128 tokens: A 2.", PlaygroundText.Predicted(model.Predictions, model.MaxTokens));
        model.ChoiceA = "unheard-of";
        await model.PredictAsync(Question, CancellationToken.None);
        Assert.Null(PlaygroundText.Predicted(model.Predictions, model.MaxTokens));
    }

    [Fact]
    public void Tokens_are_guessed_until_usage_tells()
    {
        var estimate = new TokenEstimate();
        Assert.Equal(16, estimate.Of([40]));
        estimate.Learn([60], 26);
        Assert.Equal(20, estimate.Of([40]));
        Assert.Equal(1, new TokenEstimate().Of([]));
    }

    private static async Task<PlaygroundModel> ReadyAsync(FakeServices services) => new(services.Inference(), services.Accounting(), TimeProvider.System)
    {
        Configurations = await services.Inference().GetConfigurationsAsync(CancellationToken.None),
        ThreeE = await services.Accounting().GetThreeEAsync(CancellationToken.None),
    };

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.True(tries < 1500, "It did not come to that.");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
