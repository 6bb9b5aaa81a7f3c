using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace GreenTune.Accounting.Store.Migrations;

/// <summary>
/// Budgets of every scope and window, several for one request. Those that were there are a tenant's calendar day, which the new columns' defaults say. Kept sums
/// are made anew from the records when they are first asked for.
/// </summary>
[DbContext(typeof(AccountingDb))]
[Migration("0007_Budgets")]
internal sealed class M0007Budgets : Migration
{
    protected override void Up(MigrationBuilder migration)
    {
        migration.DropIndex("IX_budgets_Tenant", "budgets");
        migration.CreateIndex("IX_budgets_Tenant", "budgets", "Tenant");
        migration.AddColumn<int>("Scope", "budgets", nullable: false, defaultValue: 0);
        migration.AddColumn<int>("Period", "budgets", nullable: false, defaultValue: 0);
        migration.AddColumn<int>("Window", "budgets", nullable: false, defaultValue: 0);
        migration.AddColumn<string>("Model", "budgets", maxLength: 201, nullable: true);
        migration.AddColumn<string>("Session", "budgets", maxLength: 200, nullable: true);
        migration.AddColumn<string>("TimeZone", "budgets", maxLength: 64, nullable: true);

        migration.AddColumn<string>("Session", "reservations", maxLength: 200, nullable: true);
        migration.AddColumn<Guid>("BudgetId", "reservations", nullable: true);
        migration.AddColumn<string>("Actor", "budget_decisions", nullable: true);

        migration.DropTable("usage_parts");
        migration.DropTable("usage_windows");
        migration.CreateTable("usage_slices", columns: table => new
        {
            Scope = table.Column<string>(maxLength: 512),
            StartTicks = table.Column<long>(),
            EndTicks = table.Column<long>(),
            Device = table.Column<string>(maxLength: 200),
            FactorId = table.Column<int>(),
            Records = table.Column<long>(),
            Joules = table.Column<double>(),
            GainJoules = table.Column<double>(),
            BaselineJoules = table.Column<double>(),
            IndependentVariance = table.Column<double>(),
            WeakestQuality = table.Column<int>(),
            DropTicks = table.Column<long>(),
        }, constraints: table => table.PrimaryKey("PK_usage_slices", row => new { row.Scope, row.StartTicks, row.EndTicks, row.Device, row.FactorId }));
        migration.CreateIndex("IX_usage_slices_EndTicks", "usage_slices", "EndTicks");
    }
}
