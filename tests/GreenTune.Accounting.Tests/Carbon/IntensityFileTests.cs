using GreenTune.Accounting.Carbon.Sources;
using GreenTune.Core.Carbon;

namespace GreenTune.Accounting.Tests.Carbon;

public sealed class IntensityFileTests : IDisposable
{
    private const string Head = "# signal: average\n# zone: DE\n# source: our grid operator\n# licence: internal\n# factor-type: life-cycle\n# gas-basis: CO2e\nfrom,to,grams_per_kwh,estimated\n";
    private static readonly DateTimeOffset Now = new(2026, 11, 19, 11, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("greentune-tests").FullName;

    [Fact]
    public void A_csv_is_read_in_order_with_its_provenance()
    {
        IReadOnlyList<IntensityReading<AverageSignal>> readings = Read("i.csv", Head + "2026-11-19T01:00Z,2026-11-19T02:00Z,312.5,true\n2026-11-19T00:00Z,2026-11-19T01:00Z,300,false\n2026-11-19T00:00Z,2026-11-19T01:00Z,300,false\n");
        Assert.Equal([300, 312.5], readings.Select(reading => reading.Intensity.Value));
        Assert.Equal([false, true], readings.Select(reading => reading.IsEstimated));
        Assert.Equal(("DE", "our grid operator", "internal", "life-cycle", "CO2e"), (readings[0].Zone, readings[0].Source, readings[0].Licence, readings[0].FactorType, readings[0].GasBasis));
    }

    [Fact]
    public void A_json_says_the_same()
    {
        IReadOnlyList<IntensityReading<AverageSignal>> readings = Read("i.json", """
            {"signal":"average","zone":"DE","source":"our grid operator","licence":"internal","factorType":"direct","gasBasis":"CO2",
             "values":[{"from":"2026-11-19T00:00:00Z","to":"2026-11-19T01:00:00Z","gramsPerKwh":300}]}
            """);
        Assert.Equal(("direct", "CO2", 300.0), (readings[0].FactorType, readings[0].GasBasis, readings[0].Intensity.Value));
    }

    [Theory]
    [InlineData("2026-11-19T00:00Z,2026-11-19T01:00Z,-1,false", "line 8", "-1")]
    [InlineData("2026-11-19T00:00Z,2026-11-19T01:00Z,much,false", "Line 8", "no number")]
    [InlineData("2026-11-19,2026-11-20,300,false", "Line 8", "offset")]
    [InlineData("2026-11-19T02:00Z,2026-11-19T01:00Z,300,false", "line 8", "after")]
    [InlineData("2026-11-19T00:00Z,2026-11-19T02:00Z,300,false\n2026-11-19T01:00Z,2026-11-19T03:00Z,310,false", "overlaps", "line 8")]
    [InlineData("", "no values", "i.csv")]
    public void What_cannot_be_is_refused_with_its_line(string rows, string first, string second)
    {
        var refused = Assert.Throws<FormatException>(() => Read("i.csv", Head + rows));
        Assert.Contains(first, refused.Message, StringComparison.Ordinal);
        Assert.Contains(second, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_its_source_or_of_the_other_signal_is_refused()
    {
        string row = "2026-11-19T00:00Z,2026-11-19T01:00Z,300,false\n";
        Assert.Contains("licence", Assert.Throws<FormatException>(() => Read("i.csv", Head.Replace("# licence: internal\n", "", StringComparison.Ordinal) + row)).Message, StringComparison.Ordinal);
        Assert.Contains("never mix", Assert.Throws<FormatException>(() => Read("i.csv", Head.Replace("average", "marginal", StringComparison.Ordinal) + row)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_of_a_time_to_come_are_forecasts_until_then_and_a_changed_file_is_read_again()
    {
        string path = Write("i.csv", Head + "2026-11-19T10:00Z,2026-11-19T11:00Z,300\n2026-11-19T12:00Z,2026-11-19T13:00Z,200\n");
        var source = new IntensityFileSource<AverageSignal>(path);
        Assert.Equal([false, true], (await source.FetchAsync(SourceCallKind.Latest, Now, default)).Readings.Select(reading => reading.IsForecast));
        Assert.Equal([false, false], (await source.FetchAsync(SourceCallKind.Latest, Now.AddHours(2), default)).Readings.Select(reading => reading.IsForecast));
        await File.WriteAllTextAsync(path, Head + "2026-11-19T10:00Z,2026-11-19T11:00Z,301\n");
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes(1));
        Assert.Equal(301, Assert.Single((await source.FetchAsync(SourceCallKind.Latest, Now, default)).Readings).Intensity.Value);
        await File.WriteAllTextAsync(path, "nonsense");
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes(2));
        await Assert.ThrowsAsync<IntensitySourceException>(() => source.FetchAsync(SourceCallKind.Latest, Now, default));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private IReadOnlyList<IntensityReading<AverageSignal>> Read(string name, string text) => IntensityFile.Read<AverageSignal>(Write(name, text), Now);

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
