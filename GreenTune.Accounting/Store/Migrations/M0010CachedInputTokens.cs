using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace GreenTune.Accounting.Store.Migrations;

/// <summary>How much of a prompt came from the prefix cache. Not known of older records.</summary>
[DbContext(typeof(AccountingDb))]
[Migration("0010_CachedInputTokens")]
internal sealed class M0010CachedInputTokens : Migration
{
    protected override void Up(MigrationBuilder migration) => migration.AddColumn<int>("CachedInputTokens", "records", nullable: true);
}
