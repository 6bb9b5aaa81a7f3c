using System.Diagnostics;
using GreenTune.Core.Contracts;
using GreenTune.EndToEnd.Tests.Running;
using OpenAI.Chat;

namespace GreenTune.EndToEnd.Tests;

public sealed class DeliveryTests
{
    private const int Requests = 100;

    [Fact]
    public async Task Killing_Accounting_during_100_requests_loses_no_record()
    {
        await using GreenTuneProcess product = await GreenTuneProcess.StartAsync(GreenTuneProcess.Only("greentune-nano-int4"));
        ChatClient chat = Chats.Client(product, "greentune-nano-int4");
        int first = product.ProcessOf("GreenTune.Accounting");
        var ids = new HashSet<string>();
        for (int i = 0; i < Requests; i++)
        {
            if (i == 40)
            {
                // As kill -9: nothing is finished, nothing is said.
                using Process accounting = Process.GetProcessById(first);
                accounting.Kill();
            }

            ids.Add((await chat.AskAsync("Hi", maxTokens: 4)).Id);
        }

        Assert.Equal(Requests, ids.Count);
        Summary summary = await Eventually.GetAsync(async () => await SummaryAsync(product) is { } now && now.Requests == Requests ? now : null, TimeSpan.FromMinutes(2));
        Assert.NotNull(summary.Joules);
        // The AppHost has started another one, which has all of them, each once.
        Assert.NotEqual(first, product.ProcessOf("GreenTune.Accounting"));
        Page<RecordView> page = await product.GetAsync<Page<RecordView>>(product.Accounting, "api/records?limit=500");
        Assert.Equal(ids.Order(), page.Items.Select(item => item.Record.Id).Order());
    }

    private static async Task<Summary?> SummaryAsync(GreenTuneProcess product)
    {
        try
        {
            return await product.GetAsync<Summary>(product.Accounting, "api/summary?period=today");
        }
        catch (HttpRequestException)
        {
            // Not back yet.
            return null;
        }
    }
}
