using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace GreenTune.Accounting.Store.Migrations;

/// <summary>Carbon intensities by the hour: what sources said, when they are asked, which factor an hour has.</summary>
[DbContext(typeof(AccountingDb))]
[Migration("0005_Intensities")]
internal sealed class M0005Intensities : Migration
{
    protected override void Up(MigrationBuilder migration)
    {
        migration.CreateTable("intensities", columns: table => new
        {
            Signal = table.Column<int>(),
            SourceKey = table.Column<string>(maxLength: 100),
            SourceZone = table.Column<string>(maxLength: 200),
            Forecast = table.Column<bool>(),
            FromTicks = table.Column<long>(),
            ToTicks = table.Column<long>(),
            GramsPerKwh = table.Column<double>(),
            Zone = table.Column<string>(),
            Source = table.Column<string>(),
            Licence = table.Column<string>(),
            FactorType = table.Column<string>(),
            GasBasis = table.Column<string>(),
            Estimated = table.Column<bool>(),
            Method = table.Column<string>(nullable: true),
            UpdatedTicks = table.Column<long>(nullable: true),
            FetchedTicks = table.Column<long>(),
        }, constraints: table => table.PrimaryKey("PK_intensities", row => new { row.Signal, row.SourceKey, row.SourceZone, row.Forecast, row.FromTicks }));
        migration.CreateIndex("IX_intensities_Signal_ToTicks", "intensities", ["Signal", "ToTicks"]);

        migration.CreateTable("intensity_calls", columns: table => new
        {
            Signal = table.Column<int>(),
            SourceKey = table.Column<string>(maxLength: 100),
            SourceZone = table.Column<string>(maxLength: 200),
            Kind = table.Column<int>(),
            SucceededTicks = table.Column<long>(nullable: true),
            NextTicks = table.Column<long>(),
            Failures = table.Column<int>(),
            Problem = table.Column<string>(nullable: true),
        }, constraints: table => table.PrimaryKey("PK_intensity_calls", row => new { row.Signal, row.SourceKey, row.SourceZone, row.Kind }));

        migration.CreateTable("carbon_hours", columns: table => new
        {
            HourTicks = table.Column<long>(),
            FactorId = table.Column<int>(),
            PinnedTicks = table.Column<long>(),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_carbon_hours", row => row.HourTicks);
            table.ForeignKey("FK_carbon_hours_factors_FactorId", row => row.FactorId, "factors", "Id", onDelete: ReferentialAction.Restrict);
        });
    }
}
