using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Dashboard.Pages.Playground;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Tests.FakeBackend;

namespace GreenTune.Dashboard.Tests.Pages.Playground;

public sealed class AnswerTests
{
    private readonly ManualClock _clock = new();
    private readonly Answer _answer;

    public AnswerTests() => _answer = new Answer("auto", 128, _clock);

    [Fact]
    public void It_waits_streams_settles_and_is_settled()
    {
        Assert.Equal(AnswerState.Waiting, _answer.State);
        _answer.Apply(new ChatStarted("chatcmpl-1", "greentune-tiny-int4", null));
        _clock.Advance(TimeSpan.FromMilliseconds(4));
        _answer.Apply(new ChatDelta("chatcmpl-1", "Hel"));
        _answer.Apply(new ChatDelta("chatcmpl-1", "lo"));
        Assert.Equal((AnswerState.Streaming, "Hello", 2, 0.004), (_answer.State, _answer.Text, _answer.OutputTokens, Math.Round(_answer.FirstTokenSeconds!.Value, 6)));
        _answer.Apply(new ChatFinished("stop"));
        Assert.Equal(AnswerState.Settling, _answer.State);
        _answer.Apply(Usage(0.5));
        Assert.Equal((0.5, EnergyQuality.Modelled), (_answer.Joules!.Value.Value, _answer.Quality));
        _answer.Settle(Record("chatcmpl-1"));
        Assert.Equal((AnswerState.Settled, EnergyQuality.Estimated, 60), (_answer.State, _answer.Quality, _answer.OutputTokens));
        Assert.Equal(445, _answer.Intensity!.Value.Value);
    }

    [Fact]
    public void Predictions_count_while_it_streams_and_never_after()
    {
        var prediction = new Prediction("greentune-tiny-int4", new Joules(0.3), new Joules(0.05), "profile");
        _answer.Predict(prediction);
        Assert.Null(_answer.Joules);
        _answer.Apply(new ChatDelta("chatcmpl-1", "x"));
        _answer.Predict(prediction);
        Assert.Equal((0.3, EnergyQuality.Modelled), (_answer.Joules!.Value.Value, _answer.Quality));
        _answer.Apply(Usage(0.5));
        _answer.Predict(prediction);
        Assert.Equal(0.5, _answer.Joules!.Value.Value);
    }

    [Fact]
    public void A_record_that_comes_before_the_text_has_ended_does_not_end_it()
    {
        _answer.Apply(new ChatStarted("chatcmpl-1", null, null));
        _answer.Apply(new ChatDelta("chatcmpl-1", "x"));
        _answer.Settle(Record("chatcmpl-1"));
        Assert.True(_answer.IsOpen);
    }

    [Fact]
    public void Another_answers_record_is_not_taken()
    {
        _answer.Apply(new ChatStarted("chatcmpl-1", null, null));
        _answer.Apply(new ChatFinished("stop"));
        _answer.Settle(Record("chatcmpl-2"));
        Assert.Equal(AnswerState.Settling, _answer.State);
    }

    [Fact]
    public void A_stopped_answer_keeps_its_text_and_still_settles()
    {
        _answer.Apply(new ChatStarted("chatcmpl-1", null, null));
        _answer.Apply(new ChatDelta("chatcmpl-1", "Half an"));
        _answer.Stop();
        Assert.Equal((AnswerState.Settling, true, "Half an"), (_answer.State, _answer.Stopped, _answer.Text));
        _answer.Settle(Record("chatcmpl-1"));
        Assert.Equal((AnswerState.Settled, true), (_answer.State, _answer.Stopped));
    }

    [Fact]
    public void A_refusal_has_no_figures_but_a_time()
    {
        _answer.Refuse(new ChatRefusedException("Used up.", TimeSpan.FromMinutes(3), new BudgetNotice(BudgetAction.Block, "Batch", 1, null)));
        Assert.Equal((AnswerState.Refused, "Used up."), (_answer.State, _answer.Problem));
        Assert.Null(_answer.Joules);
    }

    [Fact]
    public void Without_a_meter_the_reason_stands_in_for_the_joules()
    {
        _answer.Apply(new ChatDelta("chatcmpl-1", "x"));
        _answer.Apply(new ChatUsage(5, 2, new UsageEnergy { Quality = EnergyQuality.None, Components = new(), Settled = true, Reasons = new Dictionary<string, string> { ["joules"] = "No meter." } }));
        Assert.Null(_answer.Joules);
        Assert.Equal("No meter.", _answer.Reason);
    }

    private static ChatUsage Usage(double joules) => new(38, 60, new UsageEnergy
    {
        Joules = new Joules(joules),
        CO2eGrams = new GramsCO2e(joules / 8000),
        RelativeUncertainty = 0.3,
        Quality = EnergyQuality.Modelled,
        Components = new(),
        Settled = false,
        Record = "/api/records/chatcmpl-1",
    });

    private static RecordView Record(string id) => SampleRecords.Make(
        id, SampleWorld.Morning, "playground", SampleConfiguration.Of("greentune-tiny-int4"), null, RequestOutcome.Completed, 38, 60);
}
