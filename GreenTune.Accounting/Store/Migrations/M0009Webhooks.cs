using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace GreenTune.Accounting.Store.Migrations;

/// <summary>Webhooks and the deliveries that are still to be made.</summary>
[DbContext(typeof(AccountingDb))]
[Migration("0009_Webhooks")]
internal sealed class M0009Webhooks : Migration
{
    protected override void Up(MigrationBuilder migration)
    {
        migration.CreateTable("webhooks", columns: table => new
        {
            Id = table.Column<Guid>(),
            Name = table.Column<string>(maxLength: 80),
            Url = table.Column<string>(maxLength: 2000),
            Secret = table.Column<string>(maxLength: 200),
            Actions = table.Column<string>(maxLength: 100),
            BudgetId = table.Column<Guid>(nullable: true),
            Paused = table.Column<bool>(),
            CreatedTicks = table.Column<long>(),
            CreatedBy = table.Column<string>(maxLength: 80),
            DeliveredTicks = table.Column<long>(nullable: true),
            FailedTicks = table.Column<long>(nullable: true),
            Problem = table.Column<string>(maxLength: 1000, nullable: true),
        }, constraints: table => table.PrimaryKey("PK_webhooks", row => row.Id));

        migration.CreateTable("webhook_deliveries", columns: table => new
        {
            Id = table.Column<Guid>(),
            WebhookId = table.Column<Guid>(),
            Event = table.Column<string>(maxLength: 40),
            Body = table.Column<string>(),
            CreatedTicks = table.Column<long>(),
            NextTicks = table.Column<long>(),
            Attempts = table.Column<int>(),
        }, constraints: table => table.PrimaryKey("PK_webhook_deliveries", row => row.Id));
        migration.CreateIndex("IX_webhook_deliveries_NextTicks", "webhook_deliveries", "NextTicks");
        migration.CreateIndex("IX_webhook_deliveries_WebhookId", "webhook_deliveries", "WebhookId");
    }
}
