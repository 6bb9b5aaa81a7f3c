using GreenTune.Accounting.Backup;
using GreenTune.Accounting.Store;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace GreenTune.Accounting.Tests.Backup;

public sealed class StoreCommandsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("greentune-tests").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [OnEveryStore]
    public async Task A_backup_of_running_books_restores_to_what_they_were(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await host.StoreAsync([.. Enumerable.Range(0, 50).Select(i => Samples.Record($"chatcmpl-{i:0000}", 1 + i) with { PowerTrace = [new(0, 5)] })]);
        string file = Path.Combine(_folder, "books.backup");
        (int code, string said) = await RunAsync(host, "backup", file);
        Assert.True(code == 0, said);
        string before = await host.Http.GetStringAsync("/api/summary");
        await host.StoreAsync(Samples.Record("chatcmpl-later", 1000));

        Assert.Contains("is there already", (await RunAsync(host, "backup", file)).Said);
        (code, said) = await RunAsync(host, "restore", file);
        Assert.Equal(1, code);
        Assert.Contains(store == StoreKind.Sqlite ? "in use by another process" : "has books already, with 51 records", said);

        await host.StopAsync();
        (code, said) = await RunAsync(host, "restore", file);
        Assert.Equal(1, code);
        Assert.Contains("--force", said);
        (code, said) = await RunAsync(host, "restore", file, "--force");
        Assert.True(code == 0, said);
        Assert.Contains("50 records", said);
        await host.StartAsync();
        Assert.Equal(before, await host.Http.GetStringAsync("/api/summary"));
        Assert.Equal(2, (await host.StoreAsync(Samples.Record("chatcmpl-later", 1000), Samples.Record("chatcmpl-newer"), Samples.Record("chatcmpl-0007"))).Stored);
        Assert.Equal(5, Assert.Single((await host.GetAsync<RecordView>("/api/records/chatcmpl-0003")).Record.PowerTrace).Watts);
        if (store == StoreKind.Sqlite)
        {
            Assert.Single(Directory.GetFiles(Path.GetDirectoryName(host.Database)!, "*.before-restore-*"));
        }
    }

    [Fact]
    public async Task A_file_that_is_cut_short_or_something_else_is_not_restored()
    {
        await using AccountingHost host = await AccountingHost.StartAsync();
        await host.StoreAsync([.. Enumerable.Range(0, 100).Select(i => Samples.Record($"chatcmpl-{i:0000}"))]);
        string whole = Path.Combine(_folder, "whole.db");
        Assert.Equal(0, (await RunAsync(host, "backup", whole)).Code);
        await host.StopAsync();

        byte[] bytes = await File.ReadAllBytesAsync(whole);
        await File.WriteAllBytesAsync(Path.Combine(_folder, "short.db"), bytes[..(bytes.Length / 2)]);
        await File.WriteAllTextAsync(Path.Combine(_folder, "text.db"), new string('x', 5000));
        foreach (string file in (string[])["short.db", "text.db", "absent.db"])
        {
            (int code, string said) = await RunAsync(host, "restore", Path.Combine(_folder, file), "--force");
            Assert.Equal(1, code);
            Assert.Contains(file, said);
        }

        await host.StartAsync();
        Assert.Equal(100, (await host.GetAsync<Summary>("/api/summary")).Requests);
    }

    [Theory]
    [OnEveryStore]
    public async Task Roll_ups_that_were_lost_are_made_anew(StoreKind store)
    {
        await using AccountingHost host = await AccountingHost.StartAsync(store);
        await host.StoreAsync([.. Enumerable.Range(0, 40).Select(i => Samples.Record($"chatcmpl-{i:0000}", 1 + i, startedAt: AccountingHost.Noon.AddHours(-i)) with { Session = $"job-{i % 3}" })]);
        await host.SendAsync<IngestResult>(HttpMethod.Post, "/api/periods", new PeriodBatch([Samples.Period("cpu-0-1")]));
        string[] before = await AnswersAsync(host);
        await using (AccountingDb db = await host.Get<IDbContextFactory<AccountingDb>>().CreateDbContextAsync())
        {
            await db.RollUps.ExecuteDeleteAsync();
            await db.Latencies.ExecuteDeleteAsync();
            await db.Sessions.ExecuteDeleteAsync();
            await db.DeviceRollUps.ExecuteUpdateAsync(set => set.SetProperty(row => row.TotalJoules, 1e9));
        }

        Assert.NotEqual(before, await AnswersAsync(host));
        await host.StopAsync();
        (int code, string said) = await RunAsync(host, "rebuild-rollups");
        Assert.True(code == 0, said);
        Assert.Contains("40 records and 1 periods", said);
        await host.StartAsync();
        Assert.Equal(before, await AnswersAsync(host));
    }

    [Theory]
    [InlineData("needs a file", "backup")]
    [InlineData("needs a file", "restore", "--force")]
    [InlineData("not understood", "rebuild-rollups", "now")]
    public async Task A_command_that_is_not_understood_says_how_it_is_written(string words, params string[] args)
    {
        using var errors = new StringWriter();
        Assert.Equal(2, await StoreCommands.RunAsync(args, TextWriter.Null, errors));
        Assert.Contains(words, errors.ToString());
        Assert.Contains("GreenTune.Accounting backup FILE", errors.ToString());
    }

    private static async Task<string[]> AnswersAsync(AccountingHost host) => await Task.WhenAll(((string[])["summary?period=7d", "series?by=day&period=7d", "sessions", "fleet"]).Select(path => host.Http.GetStringAsync($"/api/{path}")));

    private static async Task<(int Code, string Said)> RunAsync(AccountingHost host, params string[] args)
    {
        using var output = new StringWriter();
        string[] books = host.Postgres is null ? ["--Data:Directory", host.Folder] : ["--Data:Directory", host.Folder, "--ConnectionStrings:accounting", host.Postgres];
        int code = await StoreCommands.RunAsync([.. args, .. books], output, output, builder => builder.Services.AddSingleton<TimeProvider>(host.Clock));
        return (code, output.ToString());
    }
}
