using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Soak;

namespace GreenTune.Accounting.Tests.Soak;

/// <summary>Ten kills in all, five on each database; eng/soak does two hundred. Each database has a class of its own: classes run side by side, and starting a process is mostly waiting.</summary>
public abstract class KillTests(StoreKind store)
{
    [Fact]
    public async Task Killing_Accounting_at_random_moments_loses_no_record_counts_none_twice_and_leaves_no_reservation()
    {
        string folder = Directory.CreateTempSubdirectory("greentune-tests").FullName;
        var environment = new Dictionary<string, string> { ["GREENTUNE_DATA"] = folder, ["Carbon__Zone"] = "DEU" };
        PostgresCluster? cluster = store == StoreKind.Postgres ? await PostgresCluster.GetAsync() : null;
        string? database = cluster is null ? null : await cluster.CreateAsync();
        if (database is not null)
        {
            environment["ConnectionStrings__accounting"] = database;
        }

        try
        {
            await using var accounting = new ServiceProcess(Path.Combine(AppContext.BaseDirectory, "GreenTune.Accounting.dll"), environment);
            KillResult result = await AccountingKills.RunAsync(accounting, kills: 5, seed: 7, cancellation: TestContext.Current.CancellationToken);
            Assert.Empty(result.Problems);
            Assert.True(result.Acknowledged > 0);
        }
        finally
        {
            if (cluster is not null)
            {
                await cluster.DropAsync(database!);
            }

            Directory.Delete(folder, recursive: true);
        }
    }
}

public sealed class SqliteKillTests() : KillTests(StoreKind.Sqlite);

public sealed class PostgresKillTests() : KillTests(StoreKind.Postgres);
