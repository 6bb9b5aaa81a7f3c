using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace GreenTune.Accounting.Store.Migrations;

/// <summary>Restatements, beside the factors that records keep.</summary>
[DbContext(typeof(AccountingDb))]
[Migration("0006_Restatements")]
internal sealed class M0006Restatements : Migration
{
    protected override void Up(MigrationBuilder migration)
    {
        migration.CreateTable("restatements", columns: table => new
        {
            Number = table.Column<long>(),
            Id = table.Column<Guid>(),
            AtTicks = table.Column<long>(),
            By = table.Column<string>(maxLength: 200),
            Why = table.Column<string>(maxLength: 2000),
            FromTicks = table.Column<long>(),
            ToTicks = table.Column<long>(),
            Factors = table.Column<string>(),
            Pue = table.Column<double>(nullable: true),
            MethodVersion = table.Column<string>(),
            Joules = table.Column<double>(),
            Records = table.Column<long>(),
            OriginalGrams = table.Column<double>(),
            RestatedGrams = table.Column<double>(),
            ChangedHours = table.Column<int>(),
            UnchangedHours = table.Column<int>(),
        }, constraints: table => table.PrimaryKey("PK_restatements", row => row.Number));
        migration.CreateIndex("IX_restatements_Id", "restatements", "Id", unique: true);

        migration.CreateTable("restated_hours", columns: table => new
        {
            HourTicks = table.Column<long>(),
            OldFactorId = table.Column<int>(),
            Number = table.Column<long>(),
            NewFactorId = table.Column<int>(),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_restated_hours", row => new { row.HourTicks, row.OldFactorId, row.Number });
            table.ForeignKey("FK_restated_hours_restatements_Number", row => row.Number, "restatements", "Number", onDelete: ReferentialAction.Cascade);
            table.ForeignKey("FK_restated_hours_factors_OldFactorId", row => row.OldFactorId, "factors", "Id", onDelete: ReferentialAction.Restrict);
            table.ForeignKey("FK_restated_hours_factors_NewFactorId", row => row.NewFactorId, "factors", "Id", onDelete: ReferentialAction.Restrict);
        });
    }
}
