using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace GreenTune.Accounting.Store.Migrations;

/// <summary>API keys.</summary>
[DbContext(typeof(AccountingDb))]
[Migration("0008_AccessKeys")]
internal sealed class M0008AccessKeys : Migration
{
    protected override void Up(MigrationBuilder migration)
    {
        migration.CreateTable("access_keys", columns: table => new
        {
            Id = table.Column<Guid>(),
            Hash = table.Column<string>(maxLength: 64),
            Prefix = table.Column<string>(maxLength: 16),
            Name = table.Column<string>(maxLength: 80),
            Tenant = table.Column<string>(maxLength: 100),
            Role = table.Column<int>(),
            RequestsPerMinute = table.Column<int>(nullable: true),
            TokensPerMinute = table.Column<int>(nullable: true),
            Concurrent = table.Column<int>(nullable: true),
            CreatedTicks = table.Column<long>(),
            CreatedBy = table.Column<string>(maxLength: 80),
            ExpiresTicks = table.Column<long>(nullable: true),
            RevokedTicks = table.Column<long>(nullable: true),
            RevokedBy = table.Column<string>(maxLength: 80, nullable: true),
            LastUsedTicks = table.Column<long>(nullable: true),
        }, constraints: table => table.PrimaryKey("PK_access_keys", row => row.Id));
        migration.CreateIndex("IX_access_keys_Hash", "access_keys", "Hash", unique: true);
    }
}
