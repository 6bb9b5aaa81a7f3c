using GreenTune.Accounting.Store;

namespace GreenTune.Accounting.Tests.Store;

public sealed class DatabaseSpansTests
{
    [Theory]
    [InlineData("SELECT \"r\".\"Key\"\nFROM \"records\" AS \"r\"", "SELECT", "SELECT records")]
    [InlineData("INSERT INTO \"budgets\" (\"Id\")\nVALUES (@p0);", "INSERT", "INSERT budgets")]
    [InlineData("UPDATE \"budgets\" SET \"Limit\" = @p0", "UPDATE", "UPDATE budgets")]
    [InlineData("DELETE FROM \"reservations\" AS \"r\"", "DELETE", "DELETE reservations")]
    [InlineData("VACUUM", "VACUUM", "VACUUM")]
    public void A_command_is_named_by_what_it_does_and_to_which_table(string sql, string operation, string summary)
    {
        (string Operation, string Summary) named = DatabaseSpans.Summarise(sql);
        Assert.Equal(operation, named.Operation);
        Assert.Equal(summary, named.Summary);
    }
}
