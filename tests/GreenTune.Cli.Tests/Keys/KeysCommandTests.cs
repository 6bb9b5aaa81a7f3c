using System.Text.Json;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Tests.Support;
using GreenTune.Core.Access;
using GreenTune.Core.Contracts;
using Microsoft.AspNetCore.Http;

namespace GreenTune.Cli.Tests.Keys;

public sealed class KeysCommandTests
{
    private static readonly KeyView View = new()
    {
        Id = Guid.Parse("0193c2f1-a4b8-7c5e-9d3f-6a2b1c0d4e5f"),
        Name = "support desk",
        Prefix = "gt_Ab3d",
        Tenant = "team-support",
        Role = AccessRole.Operate,
        Limits = new KeyLimits { RequestsPerMinute = 60, Concurrent = 8 },
        CreatedAt = DateTimeOffset.Parse("2026-11-19T08:00:00Z"),
        CreatedBy = "local",
        LastUsedAt = DateTimeOffset.Parse("2026-11-19T09:10:00Z"),
    };

    [Fact]
    public async Task A_key_is_made_as_asked_and_stands_alone_on_the_output()
    {
        KeyInput? sent = null;
        string? authorization = null;
        await using FakeService service = await FakeService.StartAsync(async context =>
        {
            authorization = context.Request.Headers.Authorization;
            sent = await JsonSerializer.DeserializeAsync<KeyInput>(context.Request.Body, ContractJson.Options);
            context.Response.StatusCode = StatusCodes.Status201Created;
            await context.Response.WriteAsJsonAsync(new KeyCreated("gt_secret", View), ContractJson.Options);
        });
        CliResult result = await Shell.RunAsync("keys", "create", "--name", "support desk", "--tenant", "team-support", "--role", "operate", "--requests-per-minute", "60",
            "--concurrent", "8", "--url", service.Address, "--api-key", "gt_admin");
        Assert.Equal((ExitCodes.Ok, "gt_secret\n"), (result.ExitCode, result.Output));
        Assert.Contains("only time", result.Error);
        Assert.Equal("Bearer gt_admin", authorization);
        Assert.Equal(("support desk", "team-support", AccessRole.Operate, 60, 8), (sent!.Name, sent.Tenant, sent.Role, sent.Limits.RequestsPerMinute, sent.Limits.Concurrent));
        Assert.Equal(["POST /api/keys"], service.Requests);
    }

    [Fact]
    public async Task Keys_are_listed_without_themselves()
    {
        await using FakeService service = await FakeService.AnsweringAsync(new[] { View, View with { RevokedAt = View.CreatedAt, RevokedBy = "ops" } });
        CliResult result = await Shell.RunAsync("keys", "list", "--url", service.Address);
        Assert.Equal(ExitCodes.Ok, result.ExitCode);
        Assert.Contains("gt_Ab3d...", result.Output);
        Assert.Contains("60 requests/min, 8 at once", result.Output);
        Assert.Contains("by ops", result.Output);
        await using FakeService empty = await FakeService.AnsweringAsync(Array.Empty<KeyView>());
        Assert.Contains("There are no keys", (await Shell.RunAsync("keys", "list", "--url", empty.Address)).Output);
    }

    [Fact]
    public async Task A_key_is_revoked_by_its_id()
    {
        await using FakeService service = await FakeService.AnsweringAsync(View);
        CliResult result = await Shell.RunAsync("keys", "revoke", View.Id.ToString(), "--url", service.Address);
        Assert.Equal((ExitCodes.Ok, "gt_Ab3d... \"support desk\" holds no longer.\n"), (result.ExitCode, result.Output));
        Assert.Equal([$"DELETE /api/keys/{View.Id}"], service.Requests);
        CliResult bad = await Shell.RunAsync("keys", "revoke", "gt_Ab3d", "--url", service.Address);
        Assert.Equal(ExitCodes.BadUsage, bad.ExitCode);
        Assert.Contains("for example 0193c2f1", bad.Error);
    }

    [Fact]
    public async Task A_key_can_be_made_up_without_a_service()
    {
        CliResult result = await Shell.RunAsync("keys", "generate");
        Assert.Equal(ExitCodes.Ok, result.ExitCode);
        Assert.True(AccessKeys.IsKey(result.Output.Trim()), result.Output);
    }

    [Fact]
    public async Task Any_command_shows_its_key_and_is_told_when_it_needs_one()
    {
        string? authorization = null;
        await using FakeService service = await FakeService.StartAsync(context =>
        {
            authorization = context.Request.Headers.Authorization;
            return FakeService.Refuse(context, 401, "This service asks for a key.");
        });
        CliResult without = await Shell.RunAsync("requests", "list", "--url", service.Address);
        Assert.Null(authorization);
        Assert.Contains("--api-key or the variable GREENTUNE_API_KEY", without.Error);
        await Shell.RunAsync("--api-key", "gt_one", "requests", "list", "--url", service.Address);
        Assert.Equal("Bearer gt_one", authorization);
        CliResult bad = await Shell.RunAsync("requests", "list", "--api-key", "two words", "--url", service.Address);
        Assert.Equal(ExitCodes.BadUsage, bad.ExitCode);
    }
}
