using System.Net;
using GreenTune.Core.Contracts;
using GreenTune.Core.Power;
using GreenTune.Metering.Dcgm;
using GreenTune.Metering.Sources;
using GreenTune.Metering.Tests.Support;

namespace GreenTune.Metering.Tests.Dcgm;

public sealed class DcgmTests : IDisposable
{
    private const string Page = """
        # HELP DCGM_FI_DEV_POWER_USAGE Power draw (in W).
        # TYPE DCGM_FI_DEV_POWER_USAGE gauge
        DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-aaaa",pci_bus_id="00000000:18:00.0",device="nvidia0",modelName="NVIDIA H200",Hostname="node7",DCGM_FI_DRIVER_VERSION="580.65.06"} 118.512000
        DCGM_FI_DEV_POWER_USAGE{gpu="1",UUID="GPU-bbbb",device="nvidia1",modelName="NVIDIA H200",Hostname="node7"} 76.1
        # TYPE DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION counter
        DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="0",UUID="GPU-aaaa",device="nvidia0",modelName="NVIDIA H200",Hostname="node7"} 7654321000
        DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="1",UUID="GPU-bbbb",device="nvidia1",modelName="NVIDIA H200",Hostname="node7"} 1234000
        DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-aaaa"} 34
        """;

    private readonly ManualClock _clock = new();
    private readonly FakeExporter _exporter = new(Page);

    public void Dispose() => _exporter.Dispose();

    [Fact]
    public void Prometheus_text_is_read_with_its_labels_escapes_and_odd_lines()
    {
        const string Text = """
            # HELP a text
            a 1
            a{} 2 1700000000000
            a{x="y"} -1.5e3
            a{x="q\"u\\o\nt",z="}"} +Inf
            a{x="y" 3
            a{x=y} 4
            a{x="y"} four
            ab 5
            b{x="y", } NaN
            a
            """;

        IReadOnlyList<PrometheusSample> samples = PrometheusText.Parse(Text, "a", "b");

        Assert.Equal([1, 2, -1500, double.PositiveInfinity, double.NaN], samples.Select(sample => sample.Value));
        Assert.Equal("q\"u\\o\nt", samples[3].Labels["x"]);
        Assert.Equal("}", samples[3].Labels["z"]);
        Assert.Equal("b", samples[4].Name);
        Assert.Equal("y", samples[4].Labels["x"]);
    }

    [Theory]
    [InlineData("GPU-bbbb")]
    [InlineData("1")]
    public void A_gpu_is_found_by_its_uuid_or_its_number(string wanted)
    {
        DcgmGpu gpu = DcgmGpu.Find(Page, wanted, out string? problem)!;

        Assert.Null(problem);
        Assert.Equal(new DcgmGpu("GPU-bbbb", "NVIDIA H200", 1234, 76.1), gpu);
    }

    [Theory]
    [InlineData(null, "has 2 GPUs: set Metering:Dcgm:Uuid to one of GPU-aaaa, GPU-bbbb")]
    [InlineData("GPU-cccc", "has no GPU GPU-cccc; it has GPU-aaaa, GPU-bbbb")]
    public void A_gpu_that_cannot_be_found_is_named_with_those_that_are_there(string? wanted, string words)
    {
        Assert.Null(DcgmGpu.Find(Page, wanted, out string? problem));
        Assert.Contains(words, problem!);
    }

    [Fact]
    public void Instances_of_a_divided_gpu_are_not_told_apart()
    {
        const string Divided = """
            DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-aaaa",GPU_I_PROFILE="3g.71gb",GPU_I_ID="1"} 300
            DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-aaaa",GPU_I_PROFILE="3g.71gb",GPU_I_ID="2"} 300
            """;
        Assert.Null(DcgmGpu.Find(Divided, null, out string? problem));
        Assert.Contains("only known together", problem!);
        Assert.NotNull(DcgmGpu.Find(Divided.Split('\n')[0], null, out _));
    }

    [Fact]
    public async Task The_counters_changes_are_readings_stamped_between_the_fetches()
    {
        var source = (DcgmPowerSource)Open("0", 1);
        PowerSourceDescription description = source.Description;
        Assert.Equal(("GPU-aaaa", "NVIDIA H200", "dcgm", ReadingKinds.Counter), (description.DeviceId, description.DeviceName, description.Meter, description.Kinds));
        Assert.Equal(EnergyQuality.Measured, description.Quality);
        var readings = new PowerReadings();
        Assert.Equal(SourceStatus.Ok, source.Read(_clock.Now, readings));
        _clock.Advance(TimeSpan.FromSeconds(1));
        await source.FetchOnceAsync();
        Assert.Equal(SourceStatus.Ok, source.Read(_clock.Now, readings));
        Assert.Empty(readings.Counter);
        _clock.Advance(TimeSpan.FromSeconds(1));
        _exporter.Page = Page.Replace("7654321000", "7654521000");
        await source.FetchOnceAsync();

        Assert.Equal(SourceStatus.Ok, source.Read(_clock.Now, readings));

        EnergyReading reading = Assert.Single(readings.Counter);
        Assert.Equal(7_654_521, reading.Energy.Value);
        Assert.Equal(_clock.Now - TimeSpan.FromSeconds(0.5), reading.At);
        source.Dispose();
    }

    [Fact]
    public async Task Without_a_counter_power_is_taken()
    {
        _exporter.Page = "DCGM_FI_DEV_POWER_USAGE{gpu=\"0\",UUID=\"GPU-aaaa\"} 118.5\n";
        var source = (DcgmPowerSource)Open(null, 1);
        Assert.Equal(ReadingKinds.Samples, source.Description.Kinds);
        Assert.Equal("NVIDIA GPU", source.Description.DeviceName);
        _clock.Advance(TimeSpan.FromSeconds(1));
        _exporter.Page = _exporter.Page.Replace("118.5", "301.25");
        await source.FetchOnceAsync();
        var readings = new PowerReadings();
        source.Read(_clock.Now, readings);

        Assert.Equal(301.25, Assert.Single(readings.Samples).Power.Value);
        source.Dispose();
    }

    [Fact]
    public async Task What_goes_wrong_later_is_a_fault_until_it_is_right_again()
    {
        var source = (DcgmPowerSource)Open("0", 1);
        _exporter.Status = HttpStatusCode.ServiceUnavailable;
        await source.FetchOnceAsync();
        Assert.Contains("it answers 503", source.Read(_clock.Now, new()).Fault!);
        _exporter.Status = HttpStatusCode.OK;
        _exporter.Page = "";
        await source.FetchOnceAsync();
        Assert.Contains("neither", source.Read(_clock.Now, new()).Fault!);
        _exporter.Page = Page;
        await source.FetchOnceAsync();
        Assert.Null(source.Read(_clock.Now, new()).Fault);
        _clock.Advance(TimeSpan.FromSeconds(30));
        await source.FetchOnceAsync();
        Assert.Contains("has not changed for 30 s", source.Read(_clock.Now, new()).Fault!);
        source.Dispose();
    }

    [Theory]
    [InlineData(HttpStatusCode.Found, "a redirect, which is not followed")]
    [InlineData(HttpStatusCode.Unauthorized, "it answers 401")]
    public void An_exporter_that_does_not_serve_is_no_meter_and_says_so(HttpStatusCode status, string words)
    {
        _exporter.Status = status;

        PowerSourceDescription description = Open("GPU-aaaa", 1).Description;

        Assert.Equal(("none", "GPU-aaaa"), (description.Meter, description.DeviceId));
        Assert.Contains(words, description.Explanation);
        Assert.Contains("http://node7:9400/metrics", description.Explanation);
    }

    [Fact]
    public void An_exporter_that_does_not_answer_is_no_meter_and_says_so()
    {
        _exporter.Problem = new HttpRequestException("Connection refused (node7:9400)");
        Assert.Contains("Connection refused", Open("0", 1).Description.Explanation);
        _exporter.Problem = new TaskCanceledException();
        Assert.Contains("does not answer within 5 s", Open("0", 1).Description.Explanation);
    }

    [Fact]
    public async Task A_whole_meter_follows_the_exporter()
    {
        var source = (DcgmPowerSource)Open("0", 1);
        await using var meter = new DeviceMeter(source, new(), _clock, null, null, startSampler: false);
        double joules = 7_654_321;
        for (int i = 0; i < 40; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(0.5));
            joules += 60;
            _exporter.Page = Page.Replace("7654321000", ((long)(joules * 1000)).ToString(System.Globalization.CultureInfo.InvariantCulture));
            await source.FetchOnceAsync();
            meter.Tick();
        }

        Assert.Equal(120, meter.View().Now!.Value.Value, 1e-6);
        Assert.Equal(120, meter.View().EmptyBaseline!.Mean.Value, 1e-6);
    }

    private IPowerSource Open(string? uuid, double seconds) =>
        DcgmPowerSource.Open(new() { Url = "http://node7:9400/metrics", Uuid = uuid, CollectSeconds = seconds }, _clock, _exporter);

    private sealed class FakeExporter(string page) : HttpMessageHandler
    {
        public string Page { get; set; } = page;

        public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

        public Exception? Problem { get; set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Problem is { } problem ? Task.FromException<HttpResponseMessage>(problem) : Task.FromResult(new HttpResponseMessage(Status) { Content = new StringContent(Page) });
    }
}
