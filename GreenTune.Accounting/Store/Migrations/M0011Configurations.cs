using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace GreenTune.Accounting.Store.Migrations;

/// <summary>Configurations on devices, with their length profiles.</summary>
[DbContext(typeof(AccountingDb))]
[Migration("0011_Configurations")]
internal sealed class M0011Configurations : Migration
{
    protected override void Up(MigrationBuilder migration) => migration.CreateTable("configurations", columns: table => new
    {
        Id = table.Column<string>(maxLength: 200),
        Device = table.Column<string>(maxLength: 100),
        Model = table.Column<string>(maxLength: 200),
        Precision = table.Column<string>(maxLength: 32),
        Provider = table.Column<string>(maxLength: 32),
        Parameters = table.Column<long>(nullable: true),
        WeightBytes = table.Column<long>(nullable: true),
        ContextLength = table.Column<int>(nullable: true),
        Instance = table.Column<string>(maxLength: 100, nullable: true),
        AtTicks = table.Column<long>(),
        FirstSeenTicks = table.Column<long>(),
        LastSeenTicks = table.Column<long>(),
        Profile = table.Column<string>(nullable: true),
        ProfileTicks = table.Column<long>(nullable: true),
    }, constraints: table => table.PrimaryKey("PK_configurations", row => new { row.Id, row.Device }));
}
