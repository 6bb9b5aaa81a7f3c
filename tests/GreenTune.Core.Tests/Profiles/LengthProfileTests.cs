using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Core.Profiles;
using GreenTune.Core.Units;

namespace GreenTune.Core.Tests.Profiles;

public sealed class LengthProfileTests
{
    private static readonly double[] Truth = [2, 0.01, 1e-6, 0.3, 2e-5];

    [Fact]
    public void Known_coefficients_come_back_from_noisy_records()
    {
        var fitter = new LengthProfileFitter();
        foreach (LengthRecord record in Records(seed: 1, count: 400, noise: 0.02))
            fitter.Add(record);

        LengthProfile profile = fitter.Profile!;
        Assert.Equal(LengthProfile.FittedBasis, profile.Basis);
        Assert.True(profile.RSquared > 0.98);
        Assert.InRange(profile.MeanAbsolutePercentageError!.Value, 0, 0.03);
        Assert.InRange(profile.RelativeSigma, 0.01, 0.03);
        Assert.InRange(profile.HeldOutRecords, 60, 128);
        foreach ((int n, int m) in new[] { (64, 16), (512, 128), (2048, 512), (4096, 1024) })
        {
            ProfilePrediction prediction = profile.Predict(n, m);
            Assert.InRange(prediction.Joules.Value / Energy(n, m), 0.97, 1.03);
            Assert.InRange(prediction.Sigma.Value / prediction.Joules.Value, 0.005, 0.05);
        }
    }

    [Fact]
    public void Predictions_within_two_sigma_hold_for_most_new_requests()
    {
        var fitter = new LengthProfileFitter();
        foreach (LengthRecord record in Records(seed: 2, count: 300, noise: 0.1))
            fitter.Add(record);

        int inside = Records(seed: 3, count: 500, noise: 0.1)
            .Count(record => fitter.Profile!.Predict(record.InputTokens, record.OutputTokens) is var p && Math.Abs((p.Joules - record.Joules).Value) < 2 * p.Sigma.Value);

        Assert.InRange(inside / 500.0, 0.88, 1);
    }

    [Fact]
    public void There_is_no_fit_before_enough_records_of_varied_lengths()
    {
        var fitter = new LengthProfileFitter();
        for (int i = 0; i < 40; i++)
            fitter.Add(new(100, 50, new(20), new(0.5)));
        Assert.Null(fitter.Profile);

        var varied = new LengthProfileFitter();
        LengthRecord[] records = Records(seed: 4, count: 12, noise: 0.02);
        foreach (LengthRecord record in records[..11])
            varied.Add(record);
        Assert.Null(varied.Profile);
        varied.Add(records[11]);
        Assert.NotNull(varied.Profile);
    }

    [Fact]
    public void A_fit_follows_a_change_and_memory_stays_bounded()
    {
        var fitter = new LengthProfileFitter();
        foreach (LengthRecord record in Records(seed: 5, count: 4_000, noise: 0.02))
            fitter.Add(record);
        foreach (LengthRecord record in Records(seed: 6, count: 1_000, noise: 0.02))
            fitter.Add(record with { Joules = record.Joules * 2 });

        Assert.InRange(fitter.Kept.Count(), 50, 1500);
        Assert.InRange(fitter.Profile!.Predict(512, 128).Joules.Value / Energy(512, 128), 1.9, 2.1);
    }

    [Fact]
    public void Records_that_say_nothing_are_ignored()
    {
        var fitter = new LengthProfileFitter();
        fitter.Add(new(0, 0, new(5), new(1)));
        fitter.Add(new(10, 10, new(0), new(1)));
        fitter.Add(new(10, 10, new(double.NaN), new(1)));
        fitter.Add(new(-1, 10, new(5), new(1)));

        Assert.Empty(fitter.Kept);
    }

    [Fact]
    public void Beyond_the_fitted_lengths_the_band_widens()
    {
        var fitter = new LengthProfileFitter();
        foreach (LengthRecord record in Records(seed: 7, count: 300, noise: 0.02))
            fitter.Add(record);

        ProfilePrediction inside = fitter.Profile!.Predict(4000, 1000), outside = fitter.Profile.Predict(16000, 4000);
        Assert.True(outside.Sigma.Value / outside.Joules.Value > 10 * inside.Sigma.Value / inside.Joules.Value);
    }

    [Fact]
    public void A_warm_up_profile_is_time_times_power_with_a_wide_band()
    {
        var profile = LengthProfile.FromWarmUp(prefillSecondsPerToken: 0.001, decodeSecondsPerToken: 0.01, new Watts(40), new Watts(10), overheadSeconds: 0.002);

        ProfilePrediction prediction = profile.Predict(100, 20);

        Assert.Equal(LengthProfile.WarmUpBasis, profile.Basis);
        Assert.Equal((0.002 + 0.1 + 0.2) * 50, prediction.Joules.Value, 9);
        Assert.Equal(0.5 * prediction.Joules.Value, prediction.Sigma.Value, 9);
        Assert.Equal(prediction.Joules.Value / 20, profile.JoulesPerOutputToken(100, 20)!.Value, 9);
        Assert.Null(profile.JoulesPerOutputToken(100, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => LengthProfile.FromWarmUp(-1, 0, default, default));
        Assert.Throws<ArgumentOutOfRangeException>(() => profile.Predict(-1, 0));
    }

    [Fact]
    public void The_book_answers_with_the_warm_up_until_there_is_a_fit()
    {
        var book = new ProfileBook();
        Assert.Null(book.Predict("a", 10, 10));
        book.SetWarmUp("a", LengthProfile.FromWarmUp(0.001, 0.01, new(40), new(10)));
        Assert.Equal("warm-up", book.Predict("a", 10, 10)!.Basis);
        foreach (LengthRecord record in Records(seed: 8, count: 40, noise: 0.02))
            book.Add("a", 1.1, record);

        Prediction prediction = book.Predict("a", 512, 128)!;
        Assert.Equal(("a", "profile"), (prediction.ConfigurationId, prediction.Basis));
        Assert.InRange(prediction.Joules.Value / Energy(512, 128), 0.9, 1.1);
        Assert.Null(book.Predict("b", 512, 128));
    }

    [Fact]
    public void Load_levels_are_kept_apart_and_a_far_one_answers_with_a_wider_band()
    {
        var book = new ProfileBook();
        foreach (LengthRecord record in Records(seed: 9, count: 100, noise: 0.02))
        {
            book.Add("a", 1, record);
            book.Add("a", 8, record with { Joules = record.Joules / 4 });
        }

        Assert.InRange(book.Predict("a", 512, 128)!.Joules.Value / book.Predict("a", 512, 128, meanRowsInFlight: 8)!.Joules.Value, 3.8, 4.2);
        Prediction near = book.Predict("a", 512, 128, 8)!, far = book.Predict("a", 512, 128, 32)!;
        Assert.Equal(near.Joules, far.Joules);
        Assert.True(far.Sigma.Value > 5 * near.Sigma.Value);
        Assert.Equal([0, 0, 1, 2, 2, 3, 7], new[] { 0.5, 1, 2, 3, 5, 8, 128 }.Select(ProfileBook.LoadLevelOf));
    }

    [Fact]
    public void The_curve_over_lengths_has_a_band_that_holds_the_truth_and_says_where_it_extrapolates()
    {
        int inside = 0, points = 0;
        for (int seed = 20; seed < 60; seed++)
        {
            var fitter = new LengthProfileFitter();
            foreach (LengthRecord record in Records(seed, count: 200, noise: 0.05))
                fitter.Add(record);
            foreach (LengthCurvePoint point in fitter.Profile!.Curve([64, 256, 1024, 3000], [16, 64, 256, 900]))
            {
                double truth = Energy(point.InputTokens, point.OutputTokens);
                inside += point.Low.Value <= truth && truth <= point.High.Value ? 1 : 0;
                points++;
                Assert.Equal(point.Joules.Value / point.OutputTokens, point.JoulesPerOutputToken, 12);
                Assert.False(point.Extrapolated);
                Assert.True(point.High - point.Low < 4 * point.RequestSigma, "the band of the mean is narrower than that of a request");
            }
            LengthCurvePoint beyond = Assert.Single(fitter.Profile.Curve([20_000], [64]));
            Assert.True(beyond.Extrapolated);
        }
        Assert.InRange(inside / (double)points, 0.9, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => LengthProfile.FromWarmUp(0, 0.01, new(40), new(10)).Curve([1], [0]));
    }

    [Fact]
    public void The_books_profiles_stand_by_load_level_with_their_speed()
    {
        var book = new ProfileBook();
        book.SetWarmUp("a", LengthProfile.FromWarmUp(0.001, 0.01, new(40), new(10)));
        book.SetWarmUp("b", LengthProfile.FromWarmUp(0.001, 0.01, new(40), new(10)));
        foreach (LengthRecord record in Records(seed: 11, count: 60, noise: 0.02))
            book.Add("a", 8, record, new RequestTiming(2, 0, 0.5, record.OutputTokens, 8));
        book.Add("a", 100, new(100, 100, new(5), new(0.1)));

        IReadOnlyList<ConfigurationProfile> profiles = book.Profiles([256, 1024], [64, 128, 256]);

        Assert.Equal(["a", "b"], profiles.Select(profile => profile.ConfigurationId));
        Assert.Equal([3, 7], profiles[0].Loads.Select(load => load.Level));
        LoadProfile fitted = profiles[0].Loads[0], few = profiles[0].Loads[1], warmUp = Assert.Single(profiles[1].Loads);
        Assert.Equal(("profile", 6), (fitted.Basis, fitted.Curve.Count));
        Assert.True(fitted.RowsFrom < 8 && 8 < fitted.RowsBelow);
        Assert.InRange(fitted.MeanAbsolutePercentageError!.Value, 0, 0.05);
        Assert.Equal(60, fitted.Speed!.Requests);
        Assert.Null(few.Basis);
        Assert.Empty(few.Curve);
        Assert.Null(few.Speed);
        Assert.Equal(("warm-up", 0), (warmUp.Basis, warmUp.Level));
        Assert.Equal(6, warmUp.Curve.Count);
        for (int level = 0; level < 8; level++)
        {
            (double from, double below) = ProfileBook.LoadBandOf(level);
            Assert.Equal(level, ProfileBook.LoadLevelOf(from + 1e-9));
            Assert.Equal(level, ProfileBook.LoadLevelOf(below - 1e-9));
        }

        var restored = new ProfileBook();
        restored.Restore(book.Snapshot());
        Assert.Equal(60, restored.Profiles([1], [1])[0].Loads[0].Speed!.Requests);
    }

    [Fact]
    public void The_book_survives_the_disk()
    {
        var book = new ProfileBook();
        foreach (LengthRecord record in Records(seed: 10, count: 200, noise: 0.02))
            book.Add("a", 2, record);

        string json = JsonSerializer.Serialize(book.Snapshot(), ContractJson.Options);
        var restored = new ProfileBook();
        restored.Restore(JsonSerializer.Deserialize<ProfileBookSnapshot>(json, ContractJson.Options)!);

        Prediction before = book.Predict("a", 700, 300, 2)!, after = restored.Predict("a", 700, 300, 2)!;
        Assert.Equal("profile", after.Basis);
        Assert.InRange(after.Joules.Value / before.Joules.Value, 0.98, 1.02);
    }

    private static double Energy(double n, double m) => Truth[0] + Truth[1] * n + Truth[2] * n * n + Truth[3] * m + Truth[4] * m * (n + m / 2);

    private static LengthRecord[] Records(int seed, int count, double noise)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            int n = (int)Math.Pow(2, 5 + 7 * random.NextDouble()), m = (int)Math.Pow(2, 3 + 7 * random.NextDouble());
            double gaussian = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            double energy = Energy(n, m) * Math.Max(0.2, 1 + noise * gaussian);
            return new LengthRecord(n, m, new(energy), new(0.01 * energy));
        })];
    }
}
