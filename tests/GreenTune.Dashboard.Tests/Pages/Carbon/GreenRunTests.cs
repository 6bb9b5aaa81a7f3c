using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Contracts;
using GreenTune.Core.Units;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Pages.Carbon;
using GreenTune.Dashboard.Tests.FakeBackend;

namespace GreenTune.Dashboard.Tests.Pages.Carbon;

public sealed class GreenRunTests
{
    private static readonly DateTimeOffset Now = SampleWorld.Morning;
    private static readonly LocalTimes Utc = LocalTimes.ForZone("Etc/UTC");

    [Fact]
    public void Hours_that_touch_are_joined_and_the_greenest_run_comes_first()
    {
        var forecast = SampleCarbon.Forecast(CarbonSignal.Average, Now, 24, 3);
        var runs = GreenRun.Of(forecast.Greenest);
        Assert.Equal(("12:00 to 15:00", 105.0), (CarbonText.Span(runs[0], Now, Utc), runs[0].Mean.Value));
        Assert.Single(runs);
        Assert.Equal(2, GreenRun.Of(SampleCarbon.Forecast(CarbonSignal.Average, Now, 24, 6).Greenest).Count);
    }

    [Fact]
    public void Runs_cover_the_hours_once_and_keep_their_mean()
    {
        Gen<List<ForecastHour>> hours = from flags in Gen.Elements(true, false).ArrayOf(48)
                                        from grams in Gen.Choose(1, 900).ArrayOf(48)
                                        select Enumerable.Range(0, 48).Where(i => flags[i]).Select(i => Hour(i, grams[i])).ToList();
        Check.QuickThrowOnFailure(Prop.ForAll(hours.ToArbitrary(), greenest =>
        {
            var runs = GreenRun.Of(greenest);
            var covered = runs.Sum(r => (r.To - r.From).TotalHours);
            var total = runs.Sum(r => r.Mean.Value * (r.To - r.From).TotalHours);
            var apart = runs.OrderBy(r => r.From).Zip(runs.OrderBy(r => r.From).Skip(1)).All(pair => pair.First.To < pair.Second.From);
            return covered == greenest.Count && Math.Abs(total - greenest.Sum(h => h.Intensity.Value)) < 1e-6 && apart && runs.SequenceEqual(runs.OrderBy(r => r.Mean.Value).ThenBy(r => r.From));
        }));
    }

    [Fact]
    public void The_greenest_hours_are_named_in_words_with_what_they_save()
    {
        var forecast = SampleCarbon.Forecast(CarbonSignal.Average, Now, 24, 6);
        var text = CarbonText.Greenest(forecast, Now, Utc);
        Assert.StartsWith("Greenest: 12:00 to 16:00, 114\u00A0g/kWh, ", text);
        Assert.Contains("% below the mean of these hours. Then tomorrow 02:00 to 04:00, 167\u00A0g/kWh.", text);
    }

    [Fact]
    public void Hours_that_are_alike_name_none()
    {
        var flat = SampleCarbon.Forecast(CarbonSignal.Average, Now, 24, 6) with { Hours = [Hour(0, 300), Hour(1, 300)], Greenest = [Hour(0, 300)] };
        Assert.Contains("alike", CarbonText.Greenest(flat, Now, Utc));
    }

    private static ForecastHour Hour(int at, double grams) => new(SampleCarbon.Hour(Now).AddHours(at), SampleCarbon.Hour(Now).AddHours(at + 1), new GramsPerKilowattHour(grams));
}
