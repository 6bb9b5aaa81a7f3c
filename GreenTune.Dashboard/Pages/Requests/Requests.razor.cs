using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Records;
using GreenTune.Dashboard.Ui;
using Microsoft.AspNetCore.Components;

namespace GreenTune.Dashboard.Pages.Requests;

public sealed partial class Requests
{
    private static readonly IReadOnlyList<(PeriodChoice, string)> Periods = [.. PeriodChoice.All.Select(p => (p, p.Label))];
    private string _session = string.Empty;
    private bool _loaded;
    private string? _shownRecord;
    private IReadOnlyList<RecordRow> _rows = [];
    private IReadOnlyList<Core.Contracts.RecordView> _rowsOf = [];

    [SupplyParameterFromQuery(Name = "period")]
    public string? PeriodQuery { get; set; }

    [SupplyParameterFromQuery(Name = "configuration")]
    public string? ConfigurationQuery { get; set; }

    [SupplyParameterFromQuery(Name = "outcome")]
    public string? OutcomeQuery { get; set; }

    [SupplyParameterFromQuery(Name = "quality")]
    public string? QualityQuery { get; set; }

    [SupplyParameterFromQuery(Name = "session")]
    public string? SessionQuery { get; set; }

    [SupplyParameterFromQuery(Name = "record")]
    public string? RecordQuery { get; set; }

    private RequestsModel Model { get; set; } = default!;

    private RequestFilter Filter { get; set; } = new();

    private bool Open => Model.RecordId is not null;

    private RecordColumns Columns { get; set; } = RecordColumns.Of([]);

    /// <summary>The same list as long as the records are: the grid would otherwise forget its rows at every drawing.</summary>
    private IReadOnlyList<RecordRow> Rows
    {
        get
        {
            if (!ReferenceEquals(_rowsOf, Model.List.Items))
            {
                _rowsOf = Model.List.Items;
                _rows = [.. _rowsOf.Select(RecordRow.Of)];
                Columns = RecordColumns.Of(_rows);
            }

            return _rows;
        }
    }

    private string Headline
    {
        get
        {
            if (Model.Load.Value is null || Rows.Count == 0)
            {
                return "What each answer took: joules, grams, time, and how sure that is.";
            }

            var whose = Tenant is null ? string.Empty : $" of {Tenant}";
            var more = Model.HasOlder ? "More than " : string.Empty;
            var count = Rows.Count + ((Model.PageNumber - 1) * RequestsModel.PageSize);
            return $"{more}{Figures.Count(count)} {(count == 1 ? "request" : "requests")}{whose} {Filter.Period.Phrase}{(Filter.IsWide ? string.Empty : ", filtered")}.";
        }
    }

    private IReadOnlyList<(string Value, string Text)> ConfigurationOptions =>
    [
        ("", "Any configuration"),
        .. (Shell.Configurations.Value ?? []).Select(c => c.Id)
            .Union(Rows.Select(r => r.Configuration.Id))
            .Union(Filter.Configuration.Length > 0 ? [Filter.Configuration] : [])
            .Order(StringComparer.Ordinal)
            .Select(id => (id, ConfigurationName.Parse(id).Label)),
    ];

    private IReadOnlyList<Menu.MenuItem> Exports =>
        [new("CSV", () => Session.DownloadAsync("records.csv", "text/csv", RecordColumns.Table(Rows, Session.Times).ToCsv()))];

    protected override void Prepare()
    {
        Model = new RequestsModel(Accounting, Time);
        Filter = ReadFilter();
        _session = Filter.Session;
    }

    protected override async Task LoadAsync()
    {
        await Task.WhenAll(Model.LoadAsync(Filter.ToRecordFilter(Tenant, Session.Now, Session.Times.Zone)), Model.OpenAsync(RecordQuery));
        if (!_loaded)
        {
            _loaded = true;
            _shownRecord = Model.RecordId;
        }
    }

    protected override Task ReloadFailedAsync() => Task.WhenAll(
        Model.Load.Error is null ? Task.CompletedTask : Model.ReloadAsync(),
        Model.Record.Error is null ? Task.CompletedTask : Model.ReopenAsync());

    protected override async Task OnParametersSetAsync()
    {
        if (!RendererInfo.IsInteractive)
        {
            return;
        }

        var filter = ReadFilter();
        if (filter != Filter)
        {
            Filter = filter;
            _session = filter.Session;
            await Model.LoadAsync(Filter.ToRecordFilter(Tenant, Session.Now, Session.Times.Zone));
        }

        if (RecordQuery != Model.RecordId)
        {
            await Model.OpenAsync(RecordQuery);
        }
    }

    /// <summary>The focus goes to a record that was opened, and back to its row when it is closed.</summary>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        await base.OnAfterRenderAsync(firstRender);
        if (!_loaded || _shownRecord == Model.RecordId)
        {
            return;
        }

        var before = _shownRecord;
        _shownRecord = Model.RecordId;
        if (_shownRecord is not null)
        {
            await Session.FocusAsync("#record-title");
        }
        else if (Rows.Any(r => r.Id == before))
        {
            await Session.FocusAsync($"[data-record='{before}']");
        }
    }

    protected override ValueTask<bool> OnEventAsync(AccountingEvent item) =>
        ValueTask.FromResult(item is RecordArrived arrived && Model.Arrive(arrived.Record));

    protected override ValueTask DisposePageAsync()
    {
        Model.Dispose();
        return ValueTask.CompletedTask;
    }

    private RequestFilter ReadFilter() => new()
    {
        Period = PeriodQuery is null ? PeriodChoice.Week : PeriodChoice.Parse(PeriodQuery),
        Configuration = ConfigurationQuery ?? string.Empty,
        Outcome = OutcomeQuery ?? string.Empty,
        Quality = QualityQuery ?? string.Empty,
        Session = SessionQuery ?? string.Empty,
    };

    /// <summary>Puts what changed into the address. The rest stays out of it: another choice may be on its way.</summary>
    private void Choose(RequestFilter filter)
    {
        var changes = new Dictionary<string, object?>();
        void Add(string name, string before, string now)
        {
            if (now != before)
            {
                changes[name] = now.Length > 0 ? now : null;
            }
        }

        static string Query(PeriodChoice period) => period == PeriodChoice.Week ? string.Empty : period.Query;
        Add("period", Query(Filter.Period), Query(filter.Period));
        Add("configuration", Filter.Configuration, filter.Configuration);
        Add("outcome", Filter.Outcome, filter.Outcome);
        Add("quality", Filter.Quality, filter.Quality);
        Add("session", Filter.Session, filter.Session);
        KeepInAddress(changes);
    }

    private string RecordHref(string id) => Navigation.GetUriWithQueryParameter("record", id);

    private void Show(string? id) => KeepInAddress(new Dictionary<string, object?> { ["record"] = id });

    private void ResumeAsync() => Model.List.Resume();
}
