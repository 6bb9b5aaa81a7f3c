using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Tests.FakeBackend;

namespace GreenTune.Dashboard.Tests.Live;

public sealed class AccountingEventTests
{
    [Fact]
    public void Every_event_of_the_contract_is_read()
    {
        var world = SampleWorld.Busy(new ManualClock(SampleWorld.Morning));
        var record = SampleRecords.Bare(world.Records[0]);
        var id = Guid.NewGuid();
        Assert.Equal(record.Record.Id, Assert.IsType<RecordArrived>(Read(EventNames.Record, record)).Record.Record.Id);
        Assert.Equal(world.Budgets[0].Budget.Name, Assert.IsType<BudgetChanged>(Read(EventNames.Budget, world.Budgets[0])).Status.Budget.Name);
        Assert.Equal(id, Assert.IsType<BudgetRemoved>(Read(EventNames.BudgetDeleted, new BudgetDeleted(id))).Id);
        Assert.NotNull(Assert.IsType<AutoChanged>(Read(EventNames.Auto, FakeAccounting.View(world).Auto)).Auto.ConfigurationId);
        Assert.Equal(14, Assert.IsType<PlanArrived>(Read(EventNames.Plan, world.Plan!)).Plan.Number);
    }

    [Fact]
    public void An_event_of_a_later_version_is_passed_over() => Assert.Null(AccountingEvent.Read("comet", "{}"));

    [Fact]
    public void Broken_data_is_an_error() => Assert.ThrowsAny<JsonException>(() => AccountingEvent.Read(EventNames.Record, "{"));

    private static AccountingEvent? Read<T>(string name, T data) => AccountingEvent.Read(name, JsonSerializer.Serialize(data, ContractJson.Options));
}
