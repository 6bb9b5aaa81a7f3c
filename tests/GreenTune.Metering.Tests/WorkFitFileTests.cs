using GreenTune.Core.Attribution;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests;

public sealed class WorkFitFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("greentune-fits-").FullName;
    private readonly ListLogger _logger = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void What_is_saved_comes_back()
    {
        var file = new WorkFitFile(Path.Combine(_directory, "below", "fits.json"), _logger);
        Assert.Null(file.Load());
        file.Save(null);
        file.Save(new("gpu-0", "nvml", []));
        Assert.Null(file.Load());
        var state = new WorkRegressionState(0.02, 0, [1, 0, 0, 0, 1, 0, 0, 0, 1], [1, 2, 3], 4, 5, 6, 7, 8, 9, 10, 11);
        file.Save(new("gpu-0", "nvml", [new("a", new("a", 1, 2, 3, 4), 5, true, [state])]));

        WorkFitSnapshot loaded = file.Load()!;
        Assert.Equal(("gpu-0", "nvml"), (loaded.Device, loaded.Meter));
        WorkFitState fit = Assert.Single(loaded.Fits);
        Assert.Equal((new WorkModel("a", 1, 2, 3, 4), 5L, true), (fit.Work, fit.Blocks, fit.InUse));
        Assert.Equal(state.Moments, Assert.Single(fit.Regressions).Moments);
        Assert.Empty(_logger.Lines);
    }

    [Theory]
    [InlineData("{\"device\": ")]
    [InlineData("[]")]
    public void A_file_that_cannot_be_read_is_named_once_and_done_without(string text)
    {
        string path = Path.Combine(_directory, "fits.json");
        File.WriteAllText(path, text);
        var file = new WorkFitFile(path, _logger);

        Assert.Null(file.Load());
        Assert.Null(file.Load());
        Assert.Contains(path, Assert.Single(_logger.Lines).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_named_once()
    {
        File.WriteAllText(Path.Combine(_directory, "file"), "");
        var file = new WorkFitFile(Path.Combine(_directory, "file", "fits.json"), _logger);
        var snapshot = new WorkFitSnapshot("gpu-0", "nvml", [new("a", new("a", 1, 2, 3, 4), 5, true, [])]);

        file.Save(snapshot);
        file.Save(snapshot);

        Assert.Single(_logger.Lines);
    }
}
