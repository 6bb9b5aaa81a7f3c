using System.Net;
using GreenTune.Accounting.Store;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;
using GreenTune.Tests;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

namespace GreenTune.Accounting.Tests.Store;

/// <summary>What only PostgreSQL can do, and what only it can get wrong.</summary>
public sealed class PostgresTests
{
    [Fact]
    public async Task Two_replicas_share_one_database_and_store_every_record_once()
    {
        await using AccountingHost first = await AccountingHost.StartAsync(StoreKind.Postgres);
        await using AccountingHost second = first.Beside();
        await second.StartAsync();
        RequestRecord[] records = [.. Enumerable.Range(0, 200).Select(i => Samples.Record($"chatcmpl-{i:0000}", 1, tenant: $"team-{i % 3}"))];
        IngestResult[] results = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => (i % 2 == 0 ? first : second).StoreAsync(records[(i % 4 * 50)..(i % 4 * 50 + 50)])));
        Assert.Equal((200, 600), (results.Sum(result => result.Stored), results.Sum(result => result.Duplicates)));
        Assert.Equal(200, (await second.GetAsync<Summary>("/api/summary")).Joules!.Value, 9);
    }

    [Fact]
    public async Task Two_hundred_clients_of_two_replicas_do_not_pass_a_blocking_limit()
    {
        await using AccountingHost first = await AccountingHost.StartAsync(StoreKind.Postgres);
        await using AccountingHost second = first.Beside();
        await second.StartAsync();
        await first.SendAsync<BudgetStatus>(HttpMethod.Post, "/api/budgets",
            Samples.Budget(limit: 0.001, quantity: BudgetQuantity.KilowattHours, thresholds: new BudgetThreshold(1, BudgetAction.Block)), HttpStatusCode.Created);
        ReservationDecision[] decisions = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? first : second)
            .SendAsync<ReservationDecision>(HttpMethod.Post, "/api/budgets/reservations", Samples.Reservation($"chatcmpl-{i:0000}", 36))));
        // 3,600 J in parts of 36 J.
        Assert.Equal(100, decisions.Count(decision => decision.Allowed));
        BudgetStatus status = Assert.Single(await second.GetAsync<BudgetStatus[]>("/api/budgets"));
        Assert.InRange(status.Used.Value + status.Reserved, 0.00099, 0.00101);
    }

    [Fact]
    public async Task A_narrow_write_waits_for_one_of_the_same_scope_and_not_for_another()
    {
        await using AccountingHost host = await AccountingHost.StartAsync(StoreKind.Postgres);
        var writer = host.Get<StoreWriter>();
        var go = new TaskCompletionSource();
        var order = new List<string>();
        Task Write(WriteScope scope, string name, Task until, TaskCompletionSource? began = null) => writer.WriteAsync(Durability.Relaxed, scope, async (_, _) =>
        {
            began?.SetResult();
            await until;
            lock (order)
            {
                order.Add(name);
            }

            return true;
        }, CancellationToken.None);

        var holding = new TaskCompletionSource();
        Task first = Write(WriteScope.Tenant("a"), "a1", go.Task, holding);
        await holding.Task;
        await Write(WriteScope.Tenant("b"), "b", Task.CompletedTask);
        Task second = Write(WriteScope.Tenant("a"), "a2", Task.CompletedTask);
        Task everything = Write(WriteScope.Everything, "everything", Task.CompletedTask);
        await Eventually.TrueAsync(async () => await WaitingAsync(host) == 2);
        Assert.Equal(["b"], order);
        go.SetResult();
        await Task.WhenAll(first, second, everything);
        Assert.Equal(["b", "a1", "a2", "everything"], order.Take(2).Concat(order.Skip(2).Order()));
    }

    [Fact]
    public async Task A_lock_that_another_program_holds_answers_503_and_comes_back()
    {
        await using AccountingHost host = await AccountingHost.StartAsync(StoreKind.Postgres, ["--Accounting:BusyTimeoutSeconds", "0.1"]);
        await using (var other = new NpgsqlConnection(host.Postgres + ";Pooling=false"))
        {
            await other.OpenAsync(TestContext.Current.CancellationToken);
            await using NpgsqlTransaction held = await other.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await using (var command = new NpgsqlCommand("LOCK TABLE records IN ACCESS EXCLUSIVE MODE", other, held))
            {
                await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            }

            await host.RefusedAsync(HttpMethod.Post, "/api/records", new RecordBatch([Samples.Record("chatcmpl-0001")]), HttpStatusCode.ServiceUnavailable);
        }

        Assert.Equal(1, (await host.StoreAsync(Samples.Record("chatcmpl-0001"))).Stored);
    }

    [Fact]
    public async Task A_connection_that_the_server_ends_costs_one_answer_and_no_record()
    {
        PostgresCluster cluster = await PostgresCluster.GetAsync();
        await using AccountingHost host = await AccountingHost.StartAsync(StoreKind.Postgres);
        await host.StoreAsync(Samples.Record("chatcmpl-0001"));
        await cluster.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{new NpgsqlConnectionStringBuilder(host.Postgres).Database}'");
        await Eventually.TrueAsync(async () =>
        {
            using HttpResponseMessage response = await host.SendAsync(HttpMethod.Post, "/api/records", new RecordBatch([Samples.Record("chatcmpl-0002")]));
            Assert.Contains(response.StatusCode, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable]);
            return response.IsSuccessStatusCode;
        });
        Assert.Equal(2, (await host.GetAsync<Page<RecordView>>("/api/records")).Items.Count);
    }

    [Fact]
    public async Task Replicas_that_start_at_once_migrate_once()
    {
        PostgresCluster cluster = await PostgresCluster.GetAsync();
        string database = await cluster.CreateEmptyAsync();
        AccountingHost[] hosts = [.. Enumerable.Range(0, 3).Select(_ => AccountingHost.Unstarted("--ConnectionStrings:accounting", database))];
        try
        {
            await Task.WhenAll(hosts.Select(host => host.StartAsync()));
            Assert.Equal(1, (await hosts[0].StoreAsync(Samples.Record("chatcmpl-0001"))).Stored);
            Assert.Single((await hosts[2].GetAsync<Page<RecordView>>("/api/records")).Items);
        }
        finally
        {
            foreach (AccountingHost host in hosts)
            {
                await host.DisposeAsync();
            }

            await cluster.DropAsync(database);
        }
    }

    [Theory]
    [InlineData("Username=careful;Password=wrong-secret", "refuses the password")]
    [InlineData("Username=nobody-here", "nobody-here")]
    [InlineData("Database=never-made", "does not exist")]
    public async Task A_server_that_refuses_is_named_with_what_to_do_and_never_the_password(string part, string words)
    {
        PostgresCluster cluster = await PostgresCluster.GetAsync();
        await using AccountingHost host = AccountingHost.Unstarted("--ConnectionStrings:accounting", $"{cluster.Server};Database=postgres;{part}");
        var refused = await Assert.ThrowsAsync<StoreStartException>(host.StartAsync);
        Assert.Contains(words, refused.Message);
        Assert.DoesNotContain("wrong-secret", refused.ToString());
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named()
    {
        await using AccountingHost host = AccountingHost.Unstarted("--ConnectionStrings:accounting", "Host=127.0.0.1;Port=1;Database=books;Username=u;Password=secret-word");
        var refused = await Assert.ThrowsAsync<StoreStartException>(host.StartAsync);
        Assert.Contains("books at 127.0.0.1:1 cannot be reached", refused.Message);
        Assert.DoesNotContain("secret-word", refused.ToString());
    }

    [Theory]
    [InlineData("postgresql://user:secret-word@db/books", "is a URI")]
    [InlineData("Database=books;Password=secret-word", "has no Host")]
    [InlineData("Host=db;Passwort=secret-word", "a key is not known")]
    [InlineData("Host=db;Port=secret-word", "cannot be read")]
    public async Task A_connection_string_that_cannot_be_read_is_refused_without_a_word_of_it(string text, string words)
    {
        await using AccountingHost host = AccountingHost.Unstarted("--ConnectionStrings:accounting", text);
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);
        Assert.Contains(words, refused.Message);
        Assert.Contains("ConnectionStrings__accounting", refused.Message);
        Assert.DoesNotContain("secret-word", refused.ToString());
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused()
    {
        PostgresCluster cluster = await PostgresCluster.GetAsync();
        await using AccountingHost host = await AccountingHost.StartAsync(StoreKind.Postgres);
        await cluster.ExecuteAsync("""INSERT INTO "__EFMigrationsHistory" VALUES ('9999_FromTheFuture', '11.0.0')""", host.Postgres);
        await using AccountingHost later = host.Beside();
        var refused = await Assert.ThrowsAsync<StoreStartException>(later.StartAsync);
        Assert.Contains("9999_FromTheFuture", refused.Message);
        Assert.Contains("ConnectionStrings:accounting", refused.Message);
    }

    [Fact]
    public async Task Reservations_do_not_wait_for_the_disk_and_batches_do()
    {
        await using AccountingHost host = await AccountingHost.StartAsync(StoreKind.Postgres);
        Task<string?> Setting(Durability durability) => host.Get<StoreWriter>().WriteAsync(durability, WriteScope.Tenant("a"), async (db, token) =>
            await db.Database.SqlQueryRaw<string>("SELECT current_setting('synchronous_commit') AS \"Value\"").SingleAsync(token), CancellationToken.None)!;
        Assert.Equal(("on", "off"), (await Setting(Durability.Flushed), await Setting(Durability.Relaxed)));
    }

    private static async Task<long> WaitingAsync(AccountingHost host)
    {
        await using var connection = new NpgsqlConnection(host.Postgres + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
