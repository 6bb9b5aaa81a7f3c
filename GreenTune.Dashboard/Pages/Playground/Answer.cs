using System.Text;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Services;

namespace GreenTune.Dashboard.Pages.Playground;

/// <summary>Where an answer is.</summary>
public enum AnswerState
{
    /// <summary>Sent; nothing has come back.</summary>
    Waiting,

    /// <summary>Text is arriving.</summary>
    Streaming,

    /// <summary>The text has ended, its energy has not settled.</summary>
    Settling,

    /// <summary>The record is there: its figures are final.</summary>
    Settled,

    /// <summary>A budget refused the request.</summary>
    Refused,

    /// <summary>The service failed it.</summary>
    Failed,
}

/// <summary>
/// One answer from asking to settling. Figures that come later take the place of earlier ones: a prediction while it streams, the response's own when its
/// text ends, the record's when it has settled. Not safe for several threads.
/// </summary>
/// <param name="asked">What was asked: a configuration, a model or "auto".</param>
/// <param name="maxTokens">Most tokens that the answer may have.</param>
/// <param name="time">The clock that time to first token is taken by until the record tells it.</param>
public sealed class Answer(string asked, int maxTokens, TimeProvider time)
{
    private readonly StringBuilder _text = new();
    private readonly long _began = time.GetTimestamp();
    private long? _firstAt;
    private long? _endedAt;
    private int _pieces;

    public string Asked { get; } = asked;

    public int MaxTokens { get; } = maxTokens;

    public AnswerState State { get; private set; } = AnswerState.Waiting;

    /// <summary>The reader stopped it; its record says what it used until then.</summary>
    public bool Stopped { get; private set; }

    public string Text => _text.ToString();

    /// <summary>What answers; null until the service has said.</summary>
    public string? ConfigurationId { get; private set; }

    public string? RecordId { get; private set; }

    public BudgetNotice? Budget { get; private set; }

    /// <summary>When it is worth asking again after a refusal.</summary>
    public TimeSpan? RetryAfter { get; private set; }

    /// <summary>Why it failed or was refused.</summary>
    public string? Problem { get; private set; }

    public string? FinishReason { get; private set; }

    public int? InputTokens { get; private set; }

    /// <summary>Counted by the service at the end; pieces of text until then.</summary>
    public int OutputTokens { get; private set; }

    public Joules? Joules { get; private set; }

    /// <summary>95 % interval of <see cref="Joules"/>; null when no uncertainty is known.</summary>
    public Interval? JoulesInterval { get; private set; }

    public GramsCO2e? Grams { get; private set; }

    public GramsPerKilowattHour? Intensity { get; private set; }

    public EnergyQuality Quality { get; private set; } = EnergyQuality.None;

    public string? QualityTip { get; private set; }

    /// <summary>Why there are no joules.</summary>
    public string? Reason { get; private set; }

    public double? FirstTokenSeconds { get; private set; }

    public double? Seconds { get; private set; }

    /// <summary>True while more is to come: text, or settled figures.</summary>
    public bool IsOpen => State is AnswerState.Waiting or AnswerState.Streaming;

    public bool IsSettling => State == AnswerState.Settling;

    /// <summary>Output tokens per second: over the whole request once it has ended, since the first token before.</summary>
    public double? TokensPerSecond
    {
        get
        {
            var seconds = Seconds ?? (_firstAt is { } first ? time.GetElapsedTime(first, _endedAt ?? time.GetTimestamp()).TotalSeconds : null);
            return OutputTokens > 1 && seconds > 0.001 ? OutputTokens / seconds : null;
        }
    }

    public double? JoulesPerToken => Joules is { } joules && OutputTokens > 0 ? joules.Value / OutputTokens : null;

    /// <summary>Takes what arrived from the stream.</summary>
    public void Apply(ChatUpdate update)
    {
        switch (update)
        {
            case ChatStarted started:
                RecordId = started.RecordId ?? RecordId;
                ConfigurationId = started.ConfigurationId ?? ConfigurationId;
                Budget = started.Budget;
                break;
            case ChatDelta delta:
                RecordId ??= delta.RecordId;
                if (_firstAt is null)
                {
                    _firstAt = time.GetTimestamp();
                    FirstTokenSeconds = time.GetElapsedTime(_began, _firstAt.Value).TotalSeconds;
                }

                State = AnswerState.Streaming;
                _text.Append(delta.Text);
                OutputTokens = ++_pieces;
                break;
            case ChatFinished finished:
                FinishReason = finished.FinishReason;
                End();
                break;
            case ChatUsage usage:
                InputTokens = usage.PromptTokens;
                OutputTokens = usage.CompletionTokens;
                End();
                if (usage.Energy is { } energy)
                {
                    Take(energy);
                }

                break;
        }
    }

    /// <summary>The stream ended without saying so, which some services do.</summary>
    public void Finish()
    {
        if (IsOpen)
        {
            End();
        }
    }

    /// <summary>A prediction for the tokens so far; ignored once better figures are there.</summary>
    public void Predict(Prediction prediction)
    {
        if (State is AnswerState.Streaming)
        {
            Joules = prediction.Joules;
            var half = Figures.Coverage95 * prediction.Sigma.Value;
            JoulesInterval = new Interval(prediction.Joules.Value, Math.Max(0, prediction.Joules.Value - half), prediction.Joules.Value + half);
            Quality = EnergyQuality.Modelled;
            QualityTip = "The configuration's length profile, for the tokens so far.";
        }
    }

    /// <summary>The record arrived: its figures are final.</summary>
    public void Settle(RecordView view)
    {
        var record = view.Record;
        if (record.Id != RecordId || State is AnswerState.Settled)
        {
            return;
        }

        RecordId = record.Id;
        ConfigurationId = record.ConfigurationId;
        InputTokens = record.InputTokens;
        OutputTokens = record.OutputTokens;
        Seconds = record.DurationSeconds;
        FirstTokenSeconds = record.TimeToFirstTokenSeconds ?? FirstTokenSeconds;
        FinishReason = record.FinishReason;
        Joules = record.Energy.Joules;
        JoulesInterval = Figures.IntervalOf(record.Energy.Joules, record.Energy.RelativeUncertainty);
        Grams = view.CO2e;
        Intensity = view.Factor.Intensity;
        Quality = record.Energy.Quality;
        QualityTip = MeterNames.Explain(record.Energy);
        Reason = Records.RecordRow.ReasonOf(record.Energy);
        if (!IsOpen && State != AnswerState.Failed)
        {
            State = record.Energy.Settled ? AnswerState.Settled : AnswerState.Settling;
        }
    }

    public void Stop()
    {
        if (IsOpen)
        {
            Stopped = true;
            FinishReason = "stopped";
            End();
        }
    }

    public void Refuse(ChatRefusedException refusal)
    {
        State = AnswerState.Refused;
        Problem = refusal.Message;
        RetryAfter = refusal.RetryAfter;
        Budget = refusal.Budget;
        _endedAt = time.GetTimestamp();
    }

    public void Fail(string problem)
    {
        State = AnswerState.Failed;
        Problem = problem;
        _endedAt = time.GetTimestamp();
    }

    private void End()
    {
        _endedAt ??= time.GetTimestamp();
        if (IsOpen)
        {
            State = AnswerState.Settling;
        }
    }

    private void Take(UsageEnergy energy)
    {
        Joules = energy.Joules;
        JoulesInterval = Figures.IntervalOf(energy.Joules, energy.RelativeUncertainty);
        Grams = energy.CO2eGrams;
        Quality = energy.Quality;
        Reason = energy.Joules is null ? energy.Reasons.GetValueOrDefault("joules") : null;
        QualityTip = energy.Settled ? $"Meter: {MeterNames.Display(energy.Meter)}." : "The model's prediction until its measurement block closes.";
        RecordId ??= ChatStream.RecordIdOf(energy.Record);
    }
}
