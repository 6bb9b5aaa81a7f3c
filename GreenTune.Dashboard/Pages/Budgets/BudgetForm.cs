using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Budgets;

/// <summary>
/// A budget as it is typed. Numbers stay text until they are read, so that nothing typed is lost; errors are kept by field, ours and the service's.
/// </summary>
public sealed class BudgetForm : TypedForm
{
    public const string NameField = "name";
    public const string TenantField = "tenant";
    public const string ScopeField = "scope";
    public const string ModelField = "model";
    public const string SessionField = "session";
    public const string PeriodField = "period";
    public const string WindowField = "window";
    public const string TimeZoneField = "timeZone";
    public const string LimitField = "limit";
    public const string ThresholdsField = "thresholds";

    /// <summary>Longest name, as the contract says.</summary>
    public const int LongestName = 80;

    /// <summary>The budget that is edited; null for a new one.</summary>
    public Budget? Edited { get; private init; }

    public string Name { get; set; } = string.Empty;

    public string Tenant { get; set; } = string.Empty;

    public BudgetScope Scope { get; set; }

    public string Model { get; set; } = string.Empty;

    public string Session { get; set; } = string.Empty;

    public BudgetPeriod Period { get; set; }

    public BudgetWindowKind Window { get; set; }

    public string TimeZone { get; set; } = string.Empty;

    /// <summary>The scope takes a tenant.</summary>
    public bool TakesTenant => Scope != BudgetScope.Everything;

    public BudgetQuantity Quantity { get; set; }

    public string Limit { get; set; } = string.Empty;

    public bool Paused { get; set; }

    public IReadOnlyList<ThresholdField> Thresholds { get; private init; } = [];

    /// <summary>A limit's other units: "= 20 Wh, 72 kJ". Null while it cannot be read.</summary>
    public string? LimitHint => Quantity == BudgetQuantity.KilowattHours && ReadNumber(Limit) is { } limit and > 0
        ? $"= {Figures.Of(limit * 1000, Unit.WattHour)}, {Figures.Energy(Joules.FromKilowattHours(limit))}"
        : null;

    protected override IReadOnlyCollection<string> Shown =>
    [
        NameField, ScopeField, PeriodField, WindowField, LimitField, ThresholdsField,
        .. TakesTenant ? [TenantField] : Array.Empty<string>(),
        .. Scope == BudgetScope.Model ? [ModelField] : Array.Empty<string>(),
        .. Scope == BudgetScope.Session ? [SessionField] : Array.Empty<string>(),
        .. Window == BudgetWindowKind.Calendar ? [TimeZoneField] : Array.Empty<string>(),
    ];

    public static BudgetForm New(string? tenant) => new()
    {
        Tenant = tenant ?? string.Empty,
        Name = tenant ?? string.Empty,
        Thresholds = [new("80", ThresholdField.Notify), new("95", ThresholdField.Degrade), new("100", ThresholdField.Block)],
    };

    public static BudgetForm Edit(Budget budget)
    {
        var thresholds = budget.Thresholds.OrderBy(t => t.Fraction).Select(ThresholdField.Of).ToList();
        while (thresholds.Count < 3)
        {
            thresholds.Add(new ThresholdField(string.Empty, ThresholdField.Off));
        }

        return new BudgetForm
        {
            Edited = budget,
            Name = budget.Name,
            Scope = budget.Scope,
            Tenant = budget.Tenant ?? string.Empty,
            Model = budget.Model ?? string.Empty,
            Session = budget.Session ?? string.Empty,
            Period = budget.Period,
            Window = budget.Window,
            TimeZone = budget.TimeZone ?? string.Empty,
            Quantity = budget.Quantity,
            Limit = Plain(budget.Limit),
            Paused = budget.Paused,
            Thresholds = thresholds,
        };
    }

    /// <summary>What would leave a budget as it is.</summary>
    public static BudgetInput InputOf(Budget budget) => new()
    {
        Name = budget.Name,
        Scope = budget.Scope,
        Tenant = budget.Tenant,
        Model = budget.Model,
        Session = budget.Session,
        Period = budget.Period,
        Window = budget.Window,
        TimeZone = budget.TimeZone,
        Quantity = budget.Quantity,
        Limit = budget.Limit,
        Thresholds = budget.Thresholds,
        Paused = budget.Paused,
        Version = budget.Version,
    };

    /// <summary>Reads the form; null when something is wrong, with the errors set.</summary>
    public BudgetInput? Read()
    {
        Clear();
        var name = Name.Trim();
        var (tenant, model, session, zone) = (Tenant.Trim(), Model.Trim(), Session.Trim(), TimeZone.Trim());
        if (name.Length is 0 or > LongestName)
        {
            Wrong(NameField, name.Length == 0 ? "Give it a name, for example Support desk" : $"At most {LongestName} characters");
        }

        var named = Scope is BudgetScope.Tenant or BudgetScope.Session;
        if (TakesTenant && (named || tenant.Length > 0) && !Identifiers.IsTenant(tenant))
        {
            Wrong(TenantField, tenant.Length == 0 ? "Name the tenant it holds for, for example team-support" : $"{Identifiers.TenantForm}, for example team-support");
        }

        if (Scope == BudgetScope.Model && model.Length == 0)
        {
            Wrong(ModelField, "Name a configuration, for example greentune-tiny-int4, or several: greentune-tiny-*");
        }

        if (Scope == BudgetScope.Session && session.Length == 0)
        {
            Wrong(SessionField, "Name the session it holds for, for example nightly-report");
        }

        if (Window == BudgetWindowKind.Calendar && zone.Length > 0 && !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
        {
            Wrong(TimeZoneField, "An IANA time zone, for example Europe/Berlin");
        }

        var limit = ReadNumber(Limit);
        if (limit is not > 0)
        {
            Wrong(LimitField, Limit.Trim().Length == 0 ? "Set a limit, for example 4.00" : "A number above 0, for example 4.00");
        }

        var thresholds = ReadThresholds();
        return !IsGood
            ? null
            : new BudgetInput
            {
                Name = name,
                Scope = Scope,
                Tenant = TakesTenant && tenant.Length > 0 ? tenant : null,
                Model = Scope == BudgetScope.Model ? model : null,
                Session = Scope == BudgetScope.Session ? session : null,
                Period = Period,
                Window = Window,
                TimeZone = Window == BudgetWindowKind.Calendar && zone.Length > 0 ? zone : null,
                Quantity = Quantity,
                Limit = limit!.Value,
                Thresholds = thresholds,
                Paused = Paused,
                Version = Edited?.Version,
            };
    }

    private List<BudgetThreshold> ReadThresholds()
    {
        var thresholds = new List<BudgetThreshold>();
        foreach (var field in Thresholds.Where(f => f.Choice != ThresholdField.Off))
        {
            if (ReadNumber(field.Percent) is not { } percent || percent is not (> 0 and <= 100))
            {
                Wrong(ThresholdsField, "Each threshold is above 0 and at most 100 %, for example 80");
                return [];
            }

            thresholds.Add(field.ToThreshold(percent));
        }

        thresholds.Sort((a, b) => a.Fraction.CompareTo(b.Fraction));
        if (thresholds.Count == 0)
        {
            Wrong(ThresholdsField, "Set at least one threshold: a budget without one does nothing");
        }
        else if (thresholds.Zip(thresholds.Skip(1)).Any(pair => pair.First.Fraction == pair.Second.Fraction))
        {
            Wrong(ThresholdsField, "Two thresholds are at the same percentage");
        }
        else if (thresholds.Zip(thresholds.Skip(1)).Any(pair => pair.First.Action > pair.Second.Action))
        {
            Wrong(ThresholdsField, "A higher threshold has to be at least as strict: notify, then degrade, then block");
        }

        return thresholds;
    }

    /// <summary>A decimal number with a point or a comma; null when it is none.</summary>
    private static double? ReadNumber(string text) =>
        double.TryParse(text.Trim().TrimEnd('%').Trim().Replace(',', '.'), NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && double.IsFinite(value)
            ? value
            : null;

    /// <summary>A number as it would be typed: no exponent, no grouping.</summary>
    private static string Plain(double value) => value.ToString("0.##########", CultureInfo.InvariantCulture);
}
