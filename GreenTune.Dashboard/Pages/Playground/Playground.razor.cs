using System.Globalization;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Ui;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Options;

namespace GreenTune.Dashboard.Pages.Playground;

public sealed partial class Playground
{
    private const string SideMode = "side";

    /// <summary>Drawings of a running answer: more often is not seen, less often stutters.</summary>
    private static readonly TimeSpan DrawInterval = TimeSpan.FromMilliseconds(60);

    private static readonly TimeSpan PredictDelay = TimeSpan.FromMilliseconds(350);
    private static readonly IReadOnlyList<(bool, string)> Modes = [(false, "One"), (true, "Side by side")];

    private static readonly string[] Suggestions =
    [
        "What is a kilowatt-hour?",
        "Is the following text positive, negative or neutral? Answer with one word. The kettle boils fast, but the handle gets hot.",
        "Tell me a very short story.",
    ];

    private string _text = string.Empty;
    private string _maxTokens = "128";
    private string _temperature = "0";
    private string? _maxTokensError;
    private string? _temperatureError;
    private bool _ready;
    private bool _drawing;
    private bool _dirty;
    private Throttle? _predict;

    /// <summary>"side" asks two at once.</summary>
    [SupplyParameterFromQuery(Name = "mode")]
    public string? ModeQuery { get; set; }

    [SupplyParameterFromQuery(Name = "a")]
    public string? ChoiceAQuery { get; set; }

    [SupplyParameterFromQuery(Name = "b")]
    public string? ChoiceBQuery { get; set; }

    [Inject]
    private IOptions<DashboardOptions> DashboardOptions { get; set; } = default!;

    private PlaygroundModel Model { get; set; } = default!;

    private string AskingTenant => Tenant ?? DashboardOptions.Value.PlaygroundTenant;

    private IReadOnlyList<(string Value, string Text)> Options => PlaygroundChoice.Options(Model.Configurations, Model.ThreeE?.Auto.ConfigurationId, Model.ChoiceA, Model.ChoiceB);

    protected override void Prepare()
    {
        Model = new PlaygroundModel(Inference, Accounting, Time);
        _predict = new Throttle(PredictDelay, Time);
        ReadAddress();
    }

    protected override async Task LoadAsync()
    {
        try
        {
            Model.Configurations = await Inference.GetConfigurationsAsync(Gone);
        }
        catch (ServiceException)
        {
            // The banner says that Inference is away; configurations come when it is back.
        }

        await LoadThreeEAsync();
        if (Model.SideBySide && ChoiceBQuery is null)
        {
            Model.ChoiceB = OtherChoice();
        }

        _ready = true;
        await PredictAsync();
    }

    protected override async Task OnParametersSetAsync()
    {
        if (RendererInfo.IsInteractive && _ready)
        {
            ReadAddress();
            await PredictAsync();
        }
    }

    protected override async ValueTask<bool> OnEventAsync(AccountingEvent item)
    {
        switch (item)
        {
            case RecordArrived { Record: var record }:
                return Model.Arrive(record);
            case AutoChanged or PlanArrived when _ready:
                await LoadThreeEAsync();
                await PredictAsync();
                return true;
            default:
                return false;
        }
    }

    protected override ValueTask DisposePageAsync()
    {
        Model.Dispose();
        _predict?.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string NameOf(Answer answer) => ConfigurationName.Parse(answer.ConfigurationId ?? answer.Asked).Full;

    private static RenderFragment State(Answer answer) => builder =>
    {
        var (text, kind) = answer.State switch
        {
            AnswerState.Waiting => ("waiting", ChipKind.Info),
            AnswerState.Streaming => ("streaming", ChipKind.Info),
            AnswerState.Settling => (answer.Stopped ? "stopped" : "settling", ChipKind.Off),
            AnswerState.Settled => (answer.Stopped ? "stopped" : "done", answer.Stopped ? ChipKind.Off : ChipKind.Ok),
            AnswerState.Refused => ("refused", ChipKind.Block),
            _ => ("failed", ChipKind.Block),
        };
        builder.OpenComponent<StateChip>(0);
        builder.AddComponentParameter(1, nameof(StateChip.Kind), kind);
        builder.AddComponentParameter(2, nameof(StateChip.ChildContent), (RenderFragment)(content => content.AddContent(0, text)));
        builder.CloseComponent();
    };

    private async Task LoadThreeEAsync()
    {
        try
        {
            Model.ThreeE = await Accounting.GetThreeEAsync(Gone);
        }
        catch (ServiceException)
        {
            // Without scores an answer is still an answer.
        }
    }

    private void ReadAddress()
    {
        Model.SideBySide = ModeQuery == SideMode;
        Model.ChoiceA = ChoiceAQuery ?? ConfigurationName.Auto;
        Model.ChoiceB = ChoiceBQuery ?? OtherChoice();
    }

    /// <summary>Something else than A to compare it with: the next candidate of auto, else another configuration.</summary>
    private string OtherChoice()
    {
        var a = PlaygroundChoice.Resolve(Model.ChoiceA, Model.Configurations, Model.ThreeE);
        return Model.ThreeE?.Auto.Candidates.FirstOrDefault(c => c != a)
            ?? Model.Configurations.FirstOrDefault(c => c.Id != a)?.Id
            ?? ConfigurationName.Auto;
    }

    private void ChooseMode(bool sideBySide) => KeepInAddress(new Dictionary<string, object?>
    {
        ["mode"] = sideBySide ? SideMode : null,
        ["b"] = sideBySide ? Model.ChoiceB : null,
    });

    private void ChooseA(string id)
    {
        Model.ChoiceA = id;
        var changes = new Dictionary<string, object?> { ["a"] = id == ConfigurationName.Auto ? null : id };
        if (Model.SideBySide && ChoiceBQuery is null)
        {
            // B was chosen for the reader; it stays what it is.
            changes["b"] = Model.ChoiceB;
        }

        KeepInAddress(changes);
    }

    private void ChooseB(string id)
    {
        Model.ChoiceB = id;
        KeepInAddress(new Dictionary<string, object?> { ["b"] = id });
    }

    private Task TypeAsync(string? text)
    {
        _text = text ?? string.Empty;
        return PredictAsync();
    }

    private Task PredictAsync() => _predict!.RunAsync(token => Model.PredictAsync(_text, token));

    private async Task ReadOptionsAsync()
    {
        var most = DashboardOptions.Value.PlaygroundMaxTokens;
        if (int.TryParse(_maxTokens.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var tokens) && tokens >= 1 && tokens <= most)
        {
            Model.MaxTokens = tokens;
            _maxTokensError = null;
        }
        else
        {
            _maxTokensError = $"A whole number from 1 to {Figures.Count(most)}";
        }

        if (double.TryParse(_temperature.Trim().Replace(',', '.'), NumberStyles.Float, CultureInfo.InvariantCulture, out var temperature) && temperature is >= 0 and <= 2)
        {
            Model.Temperature = temperature;
            _temperatureError = null;
        }
        else
        {
            _temperatureError = "From 0 to 2, for example 0.7";
        }

        await PredictAsync();
    }

    private async Task SubmitAsync()
    {
        var prompt = _text.Trim();
        if (prompt.Length == 0 || Model.Busy || !_ready)
        {
            return;
        }

        _text = string.Empty;
        await SendAsync(prompt);
    }

    private async Task SendAsync(string prompt)
    {
        await Model.SendAsync(prompt, AskingTenant, Draw);
        await PredictAsync();
    }

    private async Task ClearAsync()
    {
        Model.Clear();
        await Session.FocusAsync("#message");
    }

    /// <summary>Draws soon, once for everything that happens until then.</summary>
    private void Draw()
    {
        _dirty = true;
        if (!_drawing)
        {
            _drawing = true;
            _ = DrawAsync();
        }
    }

    private async Task DrawAsync()
    {
        try
        {
            while (_dirty)
            {
                _dirty = false;
                StateHasChanged();
                await Session.CallAsync("follow", "#conversation-end");
                await Task.Delay(DrawInterval, Time, Gone);
            }
        }
        catch (OperationCanceledException)
        {
            // The page is gone.
        }
        finally
        {
            _drawing = false;
        }
    }
}
