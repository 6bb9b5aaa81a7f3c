using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Services;

namespace GreenTune.Dashboard.Tests.Services;

public sealed class BudgetNoticeTests
{
    [Fact]
    public void The_header_of_the_contract_is_read_whole() => Assert.Equal(
        new BudgetNotice(BudgetAction.Degrade, "playground", 0.96, "greentune-tiny-int4"),
        BudgetNotice.Parse("degrade; budget=\"playground\"; used=0.96; from=\"greentune-tiny-int4\""));

    [Fact]
    public void A_budgets_name_may_hold_anything() =>
        Assert.Equal("a; \"b\" = c\\", BudgetNotice.Parse("notify; budget=\"a; \\\"b\\\" = c\\\\\"; used=1")!.Budget);

    [Fact]
    public void An_action_alone_is_enough() => Assert.Equal(new BudgetNotice(BudgetAction.Block, null, null, null), BudgetNotice.Parse("block"));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("explode; budget=\"x\"")]
    [InlineData("7")]
    public void What_names_no_action_is_no_notice(string? header) => Assert.Null(BudgetNotice.Parse(header));
}
