using System.Globalization;
using GreenTune.Core.Carbon;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Carbon;

/// <summary>A restatement as it is typed, and what it would change once that was looked up. Times are whole hours of UTC, as factors are.</summary>
public sealed class RestatementForm : TypedForm
{
    public const string FromField = "from";
    public const string ToField = "to";
    public const string FactorsField = "factors";
    public const string IntensityField = "intensityGramsPerKwh";
    public const string SourceField = "source";
    public const string PueField = "pue";
    public const string ByField = "by";
    public const string WhyField = "why";

    public const string Latest = "latest";
    public const string Table = "table";
    public const string Stated = "stated";
    public const string Keep = "keep";

    /// <summary>Longest texts, as the contract says.</summary>
    public const int LongestBy = 200;

    public const int LongestWhy = 2000;
    public const int LongestSource = 200;

    private const int ShortestWhy = 5;
    private const int ShortestSource = 3;
    private const string Written = "yyyy-MM-dd HH:mm";
    private static readonly string[] Forms = ["yyyy-MM-dd", Written, "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss"];
    private static readonly string[] Fields = [FromField, ToField, FactorsField, PueField, ByField, WhyField];

    public string From { get; set; } = string.Empty;

    public string To { get; set; } = string.Empty;

    public string Factors { get; set; } = Latest;

    public string Intensity { get; set; } = string.Empty;

    public string Source { get; set; } = string.Empty;

    public string Pue { get; set; } = string.Empty;

    public string By { get; set; } = string.Empty;

    public string Why { get; set; } = string.Empty;

    /// <summary>What would change, once the form was read and its span looked up; null while it is typed.</summary>
    public RestatementReview? Review { get; private set; }

    protected override IReadOnlyCollection<string> Shown => Factors == Stated ? [.. Fields, IntensityField, SourceField] : Fields;

    /// <summary>Last month, which is what is restated most: its measured values have come by then.</summary>
    public static RestatementForm New(DateTimeOffset now, string? by)
    {
        var month = new DateTimeOffset(now.UtcDateTime.Year, now.UtcDateTime.Month, 1, 0, 0, 0, TimeSpan.Zero);
        return new RestatementForm { From = Write(month.AddMonths(-1)), To = Write(month), By = by ?? string.Empty };
    }

    /// <summary>Reads the form; null when something is wrong, with the errors set.</summary>
    public RestatementInput? Read(DateTimeOffset now)
    {
        Clear();
        var from = ReadHour(FromField, From);
        var to = ReadHour(ToField, To);
        if (from >= to)
        {
            Wrong(ToField, "The end is after the beginning");
        }
        else if (to > now.AddHours(1))
        {
            Wrong(ToField, "Not after the running hour: what has not been priced cannot be restated");
        }

        double? intensity = null;
        if (Factors == Stated)
        {
            intensity = ReadNumber(Intensity);
            if (intensity is not > 0)
            {
                Wrong(IntensityField, "A number above 0, for example 231");
            }

            if (Source.Trim().Length is < ShortestSource or > LongestSource)
            {
                Wrong(SourceField, "Who published it, for example UBA, Emissionsfaktor Strommix 2025");
            }
        }

        var pue = ReadNumber(Pue);
        if (Pue.Trim().Length > 0 && pue is not (>= OperationalCarbon.MinPue and <= OperationalCarbon.MaxPue))
        {
            Wrong(PueField, FormattableString.Invariant($"From {OperationalCarbon.MinPue} to {OperationalCarbon.MaxPue}, for example 1.2"));
        }
        else if (Factors == Keep && pue is null)
        {
            Wrong(PueField, "Needed here, for example 1.2: otherwise nothing would change");
        }

        if (By.Trim().Length == 0)
        {
            Wrong(ByField, "Who asks for it, for example your name");
        }

        if (Why.Trim().Length < ShortestWhy)
        {
            Wrong(WhyField, "Say why, for example: Measured values of October in place of the estimates");
        }

        return !IsGood
            ? null
            : new RestatementInput
            {
                From = from!.Value,
                To = to!.Value,
                By = By.Trim(),
                Why = Why.Trim(),
                Factors = Factors,
                IntensityGramsPerKwh = intensity,
                Source = Factors == Stated ? Source.Trim() : null,
                Pue = pue,
            };
    }

    /// <summary>Shows what would change; the fields wait behind it.</summary>
    public void Show(RestatementReview review) => Review = review;

    /// <summary>Goes back to the fields.</summary>
    public void Reopen() => Review = null;

    public override void Refuse(string message, IReadOnlyDictionary<string, string> fields)
    {
        Review = null;
        base.Refuse(message, fields);
    }

    /// <summary>"2026-11-01 00:00", UTC.</summary>
    public static string Write(DateTimeOffset hour) => hour.UtcDateTime.ToString(Written, CultureInfo.InvariantCulture);

    private DateTimeOffset? ReadHour(string field, string text)
    {
        var typed = text.Trim().TrimEnd('Z', 'z').TrimEnd();
        if (!DateTimeOffset.TryParseExact(typed, Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
        {
            Wrong(field, "A time in UTC, for example 2026-11-01 00:00");
            return null;
        }

        if (at.UtcTicks % TimeSpan.TicksPerHour != 0)
        {
            Wrong(field, "A whole hour, for example 2026-11-01 00:00: factors are of hours");
            return null;
        }

        return at;
    }

    private static double? ReadNumber(string text) =>
        double.TryParse(text.Trim().Replace(',', '.'), NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;
}
