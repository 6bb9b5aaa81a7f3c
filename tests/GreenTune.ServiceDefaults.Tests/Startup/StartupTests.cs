using System.Diagnostics;
using GreenTune.ServiceDefaults.Startup;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Tests.Startup;

public sealed class StartupTests
{
    [Fact]
    public async Task The_end_of_standard_input_stops_a_service_that_has_a_lifeline()
    {
        using var ends = new FakeEnds();
        await using var service = await TestService.StartAsync(settings: [new("GREENTUNE_LIFELINE", "stdin")], configure: builder => builder.Services.AddSingleton<LifelineEnds>(ends));
        var stopping = service.App.Lifetime.ApplicationStopping;
        Assert.False(stopping.IsCancellationRequested);
        ends.Input.Write("anything"u8);
        Assert.False(stopping.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(50)));
        ends.Input.End();
        Assert.True(stopping.WaitHandle.WaitOne(TimeSpan.FromSeconds(10)));
        Assert.Equal(1, await ends.Exited.Task.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(TimeSpan.FromSeconds(4), ends.Waited);
    }

    [Fact]
    public async Task Without_the_variable_standard_input_is_left_alone()
    {
        using var ends = new FakeEnds();
        await using var service = await TestService.StartAsync(configure: builder => builder.Services.AddSingleton<LifelineEnds>(ends));
        Assert.False(ends.Opened);
    }

    [Fact]
    public async Task The_console_is_quiet_unless_configured_otherwise()
    {
        await using var quiet = await TestService.StartAsync();
        var logger = quiet.App.Services.GetRequiredService<IConfiguration>();
        Assert.Equal("Warning", logger["Logging:LogLevel:Microsoft"]);
        Assert.Equal("Information", logger["Logging:LogLevel:Default"]);

        await using var loud = await TestService.StartAsync(settings: [new("Logging:LogLevel:Microsoft", "Debug")]);
        Assert.Equal("Debug", loud.App.Services.GetRequiredService<IConfiguration>()["Logging:LogLevel:Microsoft"]);
    }

    [Fact]
    public async Task A_service_that_listens_says_so_in_one_line()
    {
        using var output = new StringWriter();
        await using var service = await TestService.StartAsync(listen: true);
        await new StartLine(service.App.Services, service.App.Environment, output).StartedAsync(CancellationToken.None);
        Assert.Equal($"GreenTune.Sample listens on {service.App.Urls.First()} (Production)", output.ToString().TrimEnd());
    }

    [Fact]
    public async Task A_service_stops_within_the_time_it_is_given()
    {
        await using var service = await TestService.StartAsync();
        Assert.Equal(TimeSpan.FromSeconds(3), service.App.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
    }

    [Fact]
    public async Task An_endless_event_stream_ends_when_the_service_stops()
    {
        var began = new TaskCompletionSource();
        await using var service = await TestService.StartAsync(
            app => app.MapGet("/events", async (HttpContext context) =>
            {
                context.Response.ContentType = "text/event-stream";
                await context.Response.WriteAsync("data: 1\n\n");
                await context.Response.Body.FlushAsync();
                began.SetResult();
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }),
            listen: true);
        using var response = await service.Client.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead);
        await began.Task;
        var stop = Stopwatch.StartNew();
        await service.App.StopAsync();
        // Without the end the stop waits for its whole three seconds.
        Assert.True(stop.Elapsed < TimeSpan.FromSeconds(2.5), $"took {stop.Elapsed}");
        Assert.Contains("data: 1", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_is_no_stream_is_left_to_finish_while_the_service_stops()
    {
        var began = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        await using var service = await TestService.StartAsync(
            app => app.MapGet("/report", async (CancellationToken aborted) =>
            {
                began.SetResult();
                await go.Task;
                aborted.ThrowIfCancellationRequested();
                return "whole";
            }),
            listen: true);
        var asking = service.Client.GetStringAsync("/report");
        await began.Task;
        var stopping = service.App.StopAsync();
        Assert.True(service.App.Lifetime.ApplicationStopping.IsCancellationRequested);
        go.SetResult();
        Assert.Equal("whole", await asking);
        await stopping;
    }

    [Fact]
    public async Task A_wrong_option_ends_the_run_with_its_message_and_exit_code_1()
    {
        var app = TestService.Build(Path.Combine(Path.GetTempPath(), "greentune-tests", Guid.NewGuid().ToString("N")), settings: [new("Http:MaxRequestBodyBytes", "12"), new("Http:Outgoing:Retries", "99")]);
        var before = Console.Error;
        using var error = new StringWriter();
        Console.SetError(error);
        try
        {
            Assert.Equal(1, await app.RunServiceAsync());
        }
        finally
        {
            Console.SetError(before);
        }

        Assert.Contains("GreenTune.Sample cannot start. Http:MaxRequestBodyBytes is 12; it has to be 1024 to 1073741824", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("GreenTune.Sample cannot start. Http:Outgoing:Retries is 99; it has to be 0 to 10", error.ToString(), StringComparison.Ordinal);
        Assert.Equal(-1, error.ToString().IndexOf("   at ", StringComparison.Ordinal));
    }

    private sealed class FakeEnds : LifelineEnds, IDisposable
    {
        public BlockingInput Input { get; } = new();

        public bool Opened { get; private set; }

        public TimeSpan Waited { get; private set; }

        public TaskCompletionSource<int> Exited { get; } = new();

        public override Stream Open()
        {
            Opened = true;
            return Input;
        }

        public override void Wait(TimeSpan time) => Waited = time;

        public override void Exit(int code) => Exited.TrySetResult(code);

        public void Dispose() => Input.Dispose();
    }

    /// <summary>A pipe as a process has it: reading blocks until something comes or the other end is closed.</summary>
    private sealed class BlockingInput : Stream
    {
        private readonly System.Collections.Concurrent.BlockingCollection<byte[]> _chunks = [];

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public void End() => _chunks.CompleteAdding();

        public override int Read(Span<byte> buffer)
        {
            if (!_chunks.TryTake(out var chunk, Timeout.Infinite))
            {
                return 0;
            }

            chunk.CopyTo(buffer);
            return chunk.Length;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer) => _chunks.Add(buffer.ToArray());

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
