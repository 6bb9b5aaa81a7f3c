using System.Globalization;
using GreenTune.Models.Download;
using GreenTune.Tests;

namespace GreenTune.Models.Tests.Download;

/// <summary>Whatever a hub or the way to it does wrong: the right file arrives, or a clear error and no file.</summary>
public sealed class BadHubTests : IAsyncDisposable
{
    private readonly PullingHub _pull = new();

    public ValueTask DisposeAsync() => _pull.DisposeAsync();

    private byte[] Weights => _pull.Files[PullingHub.Weights];

    [Fact]
    public async Task A_connection_that_drops_in_the_middle_is_gone_on_from_there()
    {
        _pull.Misbehave(PullingHub.Weights, (_, usual) => usual with { DropAfter = 5000 });
        await _pull.PullAsync();
        _pull.AssertPulled();
        FakeRequest again = _pull.Hub.RequestsOf(PullingHub.Weights).Last();
        Assert.Equal(5000, again.From);
        Assert.Contains(_pull.Notes, n => n.Contains(PullingHub.Weights, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(-1000)]
    [InlineData(1000)]
    public async Task A_length_that_lies_is_not_believed(int by)
    {
        _pull.Misbehave(PullingHub.Weights, (_, usual) => usual with { Announced = usual.Body.Length + by });
        await _pull.PullAsync();
        _pull.AssertPulled();
        Assert.Contains(_pull.Notes, n => n.Contains($"{Weights.Length + by} bytes are announced where {Weights.Length} are missing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_length_that_always_lies_ends_in_an_error_naming_the_file_and_leaves_no_checkpoint()
    {
        _pull.Misbehave(PullingHub.Weights, (_, usual) => usual with { Announced = usual.Body.Length + 1 }, times: 100);
        HubException e = await _pull.FailAsync(HubFailure.Unavailable);
        Assert.Contains($"{PullingHub.Weights} of {PullingHub.Repository}", e.Message, StringComparison.Ordinal);
        Assert.Equal(4, _pull.Hub.RequestsOf(PullingHub.Weights).Count());
        Assert.False(Directory.Exists(_pull.Target()));
    }

    [Fact]
    public async Task A_body_without_a_length_that_ends_early_is_gone_on_from()
    {
        _pull.Misbehave(PullingHub.Weights, (_, usual) => usual with { Announced = -1, Body = usual.Body[..700] });
        await _pull.PullAsync();
        _pull.AssertPulled();
        Assert.Equal(700, _pull.Hub.RequestsOf(PullingHub.Weights).Last().From);
    }

    [Fact]
    public async Task A_body_without_a_length_that_never_ends_is_cut_off()
    {
        _pull.Misbehave(PullingHub.Weights, (_, usual) => usual with { Announced = -1, Body = [.. usual.Body, .. new byte[1 << 20]] }, times: 100);
        HubException e = await _pull.FailAsync(HubFailure.Unavailable);
        Assert.Contains($"more than its {Weights.Length} bytes are sent", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stalled_connection_is_given_up_and_gone_on_from()
    {
        _pull.Misbehave(PullingHub.Weights, (_, usual) => usual with { StallAfter = 3000 });
        Task pulling = _pull.PullAsync();
        for (int ended = 0; !pulling.IsCompleted;)
        {
            await Task.WhenAny(pulling, Task.Delay(5));
            if (Volatile.Read(ref _pull.Hub.Stalls) == ended)
                continue;
            // One wait is ended for each stall, and again only where it was ended before the client waited: a busy machine must not lose the next attempt too.
            _pull.Clock.EndLongWaits();
            int requests = _pull.Hub.RequestsOf(PullingHub.Weights).Count();
            for (int i = 0; i < 100 && !pulling.IsCompleted && _pull.Hub.RequestsOf(PullingHub.Weights).Count() == requests; i++)
                await Task.WhenAny(pulling, Task.Delay(5));
            if (_pull.Hub.RequestsOf(PullingHub.Weights).Count() > requests)
                ended++;
        }
        await pulling;
        _pull.AssertPulled();
        Assert.Contains(_pull.Notes, n => n.Contains("nothing arrived for", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Wrong_content_is_thrown_away_and_fetched_anew_once()
    {
        _pull.Misbehave(PullingHub.Weights, (_, usual) => usual with { Body = Wrong(usual.Body) });
        await _pull.PullAsync();
        _pull.AssertPulled();
        Assert.Equal([0, 0], _pull.Hub.RequestsOf(PullingHub.Weights).Select(r => r.From));
    }

    [Theory]
    [InlineData(PullingHub.Weights)]
    [InlineData("config.json")]
    public async Task Content_that_is_wrong_twice_is_an_error_naming_the_file(string file)
    {
        _pull.Misbehave(file, (_, usual) => usual with { Body = Wrong(usual.Body) }, times: 2);
        HubException e = await _pull.FailAsync(HubFailure.Refused);
        Assert.Contains($"{file} of {PullingHub.Repository} came twice with a hash", e.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_pull.Target()));
        Assert.False(File.Exists(Path.Combine(_pull.Unfinished, file)));
    }

    [Fact]
    public async Task A_tag_that_changed_brings_the_whole_file_anew()
    {
        int calls = 0;
        _pull.Misbehave(PullingHub.Weights, (request, usual) => ++calls switch
        {
            1 => FakeHub.Content(request, Wrong(Weights), "\"old\"") with { DropAfter = 4000 },
            _ => FakeHub.Content(request, Weights, "\"new\""),
        }, times: 10);
        await _pull.PullAsync();
        _pull.AssertPulled();
        FakeRequest second = _pull.Hub.RequestsOf(PullingHub.Weights).ElementAt(1);
        Assert.Equal(("bytes=4000-", "\"old\""), (second.Header("Range"), second.Header("If-Range")));
    }

    [Fact]
    public async Task A_server_that_sends_the_rest_of_another_version_is_not_believed()
    {
        int calls = 0;
        _pull.Misbehave(PullingHub.Weights, (request, usual) => ++calls switch
        {
            1 => FakeHub.Content(request, Wrong(Weights), "\"old\"") with { DropAfter = 4000 },
            2 => new FakeReply(206, Weights[4000..]) { Headers = [("ETag", "\"new\""), ("Content-Range", $"bytes 4000-{Weights.Length - 1}/{Weights.Length}")] },
            _ => usual,
        }, times: 10);
        await _pull.PullAsync();
        _pull.AssertPulled();
        Assert.Contains(_pull.Notes, n => n.Contains("changed at the server", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("bytes 0-99/100", 206)]
    [InlineData(null, 416)]
    public async Task A_range_that_does_not_fit_begins_anew(string? range, int status)
    {
        int calls = 0;
        _pull.Misbehave(PullingHub.Weights, (_, usual) => ++calls switch
        {
            1 => usual with { DropAfter = 4000 },
            2 => new FakeReply(status, new byte[100]) { Headers = range is null ? [] : [("Content-Range", range)] },
            _ => usual,
        }, times: 10);
        await _pull.PullAsync();
        _pull.AssertPulled();
        Assert.Equal([0, 4000, 0], _pull.Hub.RequestsOf(PullingHub.Weights).Select(r => r.From));
    }

    [Fact]
    public async Task Retry_After_is_waited_for()
    {
        _pull.Misbehave(PullingHub.Weights, (_, _) => FakeReply.Empty(429, ("Retry-After", "77")));
        await _pull.PullAsync();
        _pull.AssertPulled();
        Assert.Equal(TimeSpan.FromSeconds(77), Assert.Single(_pull.Clock.Waits));
    }

    [Fact]
    public async Task A_date_in_Retry_After_is_waited_for()
    {
        string date = (_pull.Clock.GetUtcNow() + TimeSpan.FromSeconds(90)).ToString("R", CultureInfo.InvariantCulture);
        _pull.Misbehave(PullingHub.Weights, (_, _) => FakeReply.Empty(503, ("Retry-After", date)));
        await _pull.PullAsync();
        Assert.Equal(TimeSpan.FromSeconds(90), Assert.Single(_pull.Clock.Waits));
    }

    [Fact]
    public async Task A_wait_of_hours_ends_the_pull_and_says_so()
    {
        _pull.Misbehave(PullingHub.Weights, (_, _) => FakeReply.Empty(429, ("Retry-After", "7200")));
        Assert.Contains("asks to wait 7200 s", (await _pull.FailAsync(HubFailure.Unavailable)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Errors_of_the_server_are_tried_again_with_waits_that_double()
    {
        _pull.Misbehave(PullingHub.Weights, (_, _) => FakeReply.Empty(500), times: 3);
        await _pull.PullAsync();
        _pull.AssertPulled();
        Assert.Collection(_pull.Clock.Waits, w => Assert.InRange(w.TotalSeconds, 0.5, 1), w => Assert.InRange(w.TotalSeconds, 1, 2), w => Assert.InRange(w.TotalSeconds, 2, 4));
    }

    [Fact]
    public async Task A_file_that_brings_something_with_each_attempt_gets_there_however_often_it_drops()
    {
        _pull.Options = _pull.Options with { ProgressBytes = 1000 };
        int step = (Weights.Length / 10) + 1;
        _pull.Misbehave(PullingHub.Weights, (_, usual) => usual with { DropAfter = Math.Min(step, usual.Body.Length) }, times: 9);
        await _pull.PullAsync();
        _pull.AssertPulled();
        Assert.Equal(10, _pull.Hub.RequestsOf(PullingHub.Weights).Count());
    }

    [Theory]
    [InlineData(401, null, "may not be read")]
    [InlineData(403, null, "may not be read")]
    [InlineData(403, "GatedRepo", "is gated: accept its licence at")]
    public async Task A_gated_model_says_where_to_accept_its_licence_and_how_to_give_a_token(int status, string? code, string expected)
    {
        _pull.Misbehave(PullingHub.Weights, (_, _) => FakeReply.Empty(status, code is null ? [] : [("X-Error-Code", code)]));
        HubException e = await _pull.FailAsync(HubFailure.AccessDenied);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.Contains(_pull.Hub.Address + PullingHub.Repository, e.Message, StringComparison.Ordinal);
        Assert.Contains("HF_TOKEN", e.Message, StringComparison.Ordinal);
        Assert.Single(_pull.Hub.RequestsOf(PullingHub.Weights));
    }

    [Fact]
    public async Task What_does_not_exist_is_said_once()
    {
        HubException e = await _pull.FailAsync(HubFailure.NotFound, repository: "maker/nothing");
        Assert.Contains("maker/nothing does not exist", e.Message, StringComparison.Ordinal);
        Assert.Single(_pull.Hub.Requests);
    }

    [Fact]
    public async Task A_hub_that_is_not_there_is_tried_and_then_named()
    {
        Uri gone;
        await using (var hub = new FakeHub())
            gone = hub.Address;
        _pull.HubOptions = new HubOptions { Endpoint = gone };
        Assert.Contains($"nothing listens at {gone.Authority}", (await _pull.FailAsync(HubFailure.Unavailable)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../escape.safetensors")]
    [InlineData("/etc/model.safetensors")]
    [InlineData("a\\..\\b.safetensors")]
    [InlineData("a/../../b.safetensors")]
    [InlineData("nul\0.safetensors")]
    [InlineData("C:model.safetensors")]
    public async Task A_listed_name_that_climbs_out_is_refused(string path)
    {
        _pull.Files[path] = [1];
        HubException e = await _pull.FailAsync(HubFailure.Refused);
        Assert.Contains("whose name would lead out of the folder", e.Message, StringComparison.Ordinal);
        Assert.Equal(["checkpoints"], Directory.EnumerateFileSystemEntries(_pull.Folder["cache"]).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_link_in_the_unfinished_folder_is_not_written_through()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("links need rights there");
        _pull.Misbehave(PullingHub.Weights, (_, _) => FakeReply.Empty(404));
        await _pull.FailAsync(HubFailure.NotFound);
        string outside = _pull.Folder["outside"];
        File.Delete(Path.Combine(_pull.Unfinished, PullingHub.Weights + ".part"));
        File.CreateSymbolicLink(Path.Combine(_pull.Unfinished, PullingHub.Weights + ".part"), outside);
        Assert.Contains("outside the folder", (await Assert.ThrowsAsync<ModelFolderException>(() => _pull.PullAsync())).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(outside));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("""{"sha": "main"}""")]
    public async Task An_answer_of_the_API_that_is_none_is_an_error(string body)
    {
        _pull.Hub.Misbehave = (request, _) => request.Path.Contains("/revision/", StringComparison.Ordinal) ? new FakeReply(200, System.Text.Encoding.UTF8.GetBytes(body)) : null;
        HubException e = await Assert.ThrowsAsync<HubException>(() => _pull.PullAsync());
        Assert.Contains(PullingHub.Repository, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_listing_of_several_pages_is_read_to_its_end_and_only_at_the_hub()
    {
        var hub = _pull.Hub;
        object[] all = [.. _pull.Files.Select(f => hub.Entry(f.Key, f.Value))];
        string next = $"{hub.Address}api/models/{PullingHub.Repository}/tree/{FakeHub.Commit}?recursive=true&cursor=2";
        hub.Misbehave = (request, _) => !request.Path.Contains("/tree/", StringComparison.Ordinal) ? null
            : request.Path.Contains("cursor=2", StringComparison.Ordinal) ? FakeReply.Json(all[2..]) : FakeReply.Json(all[..2], ("Link", $"<{next}>; rel=\"next\""));
        await _pull.PullAsync();
        _pull.AssertPulled();

        next = $"http://127.0.0.2:{hub.Port}/api/models/x/tree/y";
        Assert.Contains("next page of its listing that is elsewhere", (await _pull.FailAsync(HubFailure.Refused, name: "second")).Message, StringComparison.Ordinal);
    }

    private static byte[] Wrong(byte[] right)
    {
        byte[] wrong = [.. right];
        wrong[^1] ^= 1;
        return wrong;
    }
}
