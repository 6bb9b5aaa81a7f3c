using System.Data.Common;
using System.Net;
using System.Text.Json;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace GreenTune.Accounting.Tests.Store;

public sealed class AvailabilityTests
{
    [Fact]
    public async Task A_locked_database_answers_503_stores_nothing_and_comes_back()
    {
        await using AccountingHost host = await AccountingHost.StartAsync(["--Accounting:BusyTimeoutSeconds", "0.1"]);
        await using (var other = new SqliteConnection($"Data Source={host.Database};Pooling=False"))
        {
            await other.OpenAsync(TestContext.Current.CancellationToken);
            await using DbTransaction held = await other.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await Unavailable(host, "locked");
            Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/api/records")).StatusCode);
        }

        await Recovered(host);
    }

    [Fact]
    public async Task A_full_disk_answers_503_stores_nothing_half_and_comes_back()
    {
        var disk = new FillingDisk();
        await using AccountingHost host = await AccountingHost.StartAsync(services: services => services.AddSingleton<IInterceptor>(disk));
        disk.Full = true;
        await Unavailable(host, "full");
        disk.Full = false;
        await Recovered(host);
    }

    private static async Task Unavailable(AccountingHost host, string word)
    {
        // Enough that the database has to grow.
        var batch = new RecordBatch([.. Enumerable.Range(0, 200).Select(i => Samples.Record($"chatcmpl-{i:0000}"))]);
        using HttpResponseMessage response = await host.SendAsync(HttpMethod.Post, "/api/records", batch);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.True(response.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        JsonElement problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Contains(word, problem.GetProperty("detail").GetString());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.Http.GetAsync("/health")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/alive")).StatusCode);
        Assert.Empty((await host.GetAsync<Page<RecordView>>("/api/records")).Items);
        Assert.Empty(await host.GetAsync<string[]>("/api/tenants"));
    }

    private static async Task Recovered(AccountingHost host)
    {
        Assert.StartsWith("{\"status\":\"Healthy\"", await host.Http.GetStringAsync("/health"));
        IngestResult result = await host.StoreAsync([.. Enumerable.Range(0, 200).Select(i => Samples.Record($"chatcmpl-{i:0000}"))]);
        Assert.Equal((200, 0), (result.Stored, result.Duplicates));
        Assert.StartsWith("{\"status\":\"Healthy\"", await host.Http.GetStringAsync("/health"));
    }

    /// <summary>Lets a connection's database grow no further while the disk is "full": SQLite then reports what it reports on a full disk.</summary>
    private sealed class FillingDisk : DbConnectionInterceptor
    {
        public bool Full { get; set; }

        public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            using DbCommand command = connection.CreateCommand();
            command.CommandText = Full ? "PRAGMA max_page_count=1" : "PRAGMA max_page_count=1073741823";
            command.ExecuteNonQuery();
            return Task.CompletedTask;
        }
    }
}
