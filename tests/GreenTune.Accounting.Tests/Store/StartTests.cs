using GreenTune.Accounting.Store;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Tests.Store;

public sealed class StartTests
{
    [Fact]
    public async Task A_database_of_a_newer_version_is_refused_and_left_alone()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        await host.StopAsync();
        Execute(host, """INSERT INTO "__EFMigrationsHistory" VALUES ('9999_FromTheFuture', '11.0.0')""");
        var refused = await Assert.ThrowsAsync<StoreStartException>(host.StartAsync);
        Assert.Contains("newer version", refused.Message);
        Assert.Contains("9999_FromTheFuture", refused.Message);
        Assert.Contains("Data:Directory", refused.Message);
    }

    [Fact]
    public async Task Two_processes_do_not_share_a_database()
    {
        await using AccountingHost first = await AccountingHost.StartAsync();
        await using AccountingHost second = AccountingHost.Unstarted("--Data:Directory", first.Folder);
        var refused = await Assert.ThrowsAsync<StoreStartException>(second.StartAsync);
        Assert.Contains("in use by another process", refused.Message);
        Assert.StartsWith("{\"status\":\"Healthy\"", await first.Http.GetStringAsync("/health"));
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_named()
    {
        await using AccountingHost host = AccountingHost.Unstarted();
        Directory.CreateDirectory(Path.GetDirectoryName(host.Database)!);
        await File.WriteAllTextAsync(host.Database, new string('x', 5000), TestContext.Current.CancellationToken);
        var refused = await Assert.ThrowsAsync<StoreStartException>(host.StartAsync);
        Assert.Contains("is not a database", refused.Message);
    }

    [Fact]
    public async Task A_migration_that_died_does_not_block_the_next_start()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        await host.StopAsync();
        Execute(host, """CREATE TABLE IF NOT EXISTS "__EFMigrationsLock" ("Id" INTEGER PRIMARY KEY, "Timestamp" TEXT NOT NULL); INSERT INTO "__EFMigrationsLock" VALUES (1, '2026-11-19')""");
        await host.StartAsync().WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.StartsWith("{\"status\":\"Healthy\"", await host.Http.GetStringAsync("/health"));
    }

    [Fact]
    public async Task The_database_writes_ahead()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        await host.StoreAsync(Samples.Record("chatcmpl-0001"));
        await host.StopAsync();
        Assert.Equal("wal", Execute(host, "PRAGMA journal_mode"));
        Assert.Equal("ok", Execute(host, "PRAGMA integrity_check"));
    }

    [Theory]
    [InlineData("--Carbon:Zone", "Germny", "DEU (Germany)")]
    [InlineData("--Carbon:Pue", "0.5", "Carbon:Pue")]
    [InlineData("--Accounting:TimeZone", "Europe/Berln", "Europe/Berlin")]
    [InlineData("--Accounting:ReservationMinutes", "0", "Accounting:ReservationMinutes")]
    [InlineData("--Accounting:BusyTimeoutSeconds", "900", "Accounting:BusyTimeoutSeconds")]
    public async Task Options_that_make_no_sense_stop_the_start_and_say_what_would(string key, string value, string part)
    {
        await using AccountingHost host = AccountingHost.Unstarted(key, value);
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);
        Assert.Contains(part, refused.Message);
        Assert.False(File.Exists(host.Database));
    }

    [Fact]
    public async Task A_value_of_the_wrong_type_is_named()
    {
        await using AccountingHost host = AccountingHost.Unstarted("--Carbon:Pue", "much");
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(host.StartAsync);
        Assert.Contains("Carbon:Pue", refused.Message);
        Assert.False(File.Exists(host.Database));
    }

    [Fact]
    public async Task Without_a_zone_the_world_average_stands_in_flagged()
    {
        await using AccountingHost host = await AccountingHost.StartAsync(["--Carbon:Zone", "", "--Carbon:Pue", ""]);
        CarbonFactor factor = await host.GetAsync<CarbonFactor>("/api/carbon");
        Assert.Equal("WORLD", factor.Zone);
        Assert.True(factor.Estimated);
        Assert.True(factor.PueAssumed);
        Assert.Equal(1.0, factor.Pue);
        CarbonZone[] zones = await host.GetAsync<CarbonZone[]>("/api/carbon/zones");
        Assert.Contains(zones, zone => zone is { Zone: "DEU", Name: "Germany", Year: 2025 });
    }

    private static string? Execute(AccountingHost host, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={host.Database};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Fixed texts of these tests.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar()?.ToString();
    }
}
