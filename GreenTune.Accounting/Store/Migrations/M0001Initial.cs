using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace GreenTune.Accounting.Store.Migrations;

/// <summary>
/// The first schema. Written by hand, since the scaffolding tool is not on every package feed; a test compares what migrations make with what the model
/// asks for, column by column and index by index.
/// </summary>
[DbContext(typeof(AccountingDb))]
[Migration("0001_Initial")]
internal sealed class M0001Initial : Migration
{
    protected override void Up(MigrationBuilder migration)
    {
        migration.CreateTable("factors", columns: table => new
        {
            Id = table.Generated<int>(),
            Factor = table.Column<string>(maxLength: 2000),
        }, constraints: table => table.PrimaryKey("PK_factors", row => row.Id));
        migration.CreateIndex("IX_factors_Factor", "factors", "Factor", unique: true);

        CreateRecords(migration);

        migration.CreateTable("tenants", columns: table => new
        {
            Name = table.Column<string>(maxLength: 100),
            FirstSeenTicks = table.Column<long>(),
        }, constraints: table => table.PrimaryKey("PK_tenants", row => row.Name));

        migration.CreateTable("periods", columns: table => new
        {
            Key = table.Generated<long>(),
            Id = table.Column<string>(maxLength: 100),
            Device = table.Column<string>(),
            FromTicks = table.Column<long>(),
            ToTicks = table.Column<long>(),
            TotalJoules = table.Column<double>(),
            ActiveJoules = table.Column<double>(),
            IdleShareJoules = table.Column<double>(),
            IdleJoules = table.Column<double>(),
            UnattributedJoules = table.Column<double>(),
            OtherJoules = table.Column<double>(),
            Quality = table.Column<int>(),
            Instance = table.Column<string>(nullable: true),
        }, constraints: table => table.PrimaryKey("PK_periods", row => row.Key));
        migration.CreateIndex("IX_periods_Id", "periods", "Id", unique: true);
        migration.CreateIndex("IX_periods_FromTicks", "periods", "FromTicks");

        CreateBudgets(migration);

        migration.CreateTable("threee_settings", columns: table => new
        {
            Version = table.Column<long>(),
            EnergyWeight = table.Column<double>(),
            EfficiencyWeight = table.Column<double>(),
            EffectivenessWeight = table.Column<double>(),
            Floor = table.Column<double>(),
            Reference = table.Column<string>(nullable: true),
            Pinned = table.Column<string>(nullable: true),
            UpdatedTicks = table.Column<long>(),
        }, constraints: table => table.PrimaryKey("PK_threee_settings", row => row.Version));

        migration.CreateTable("plans", columns: table => new
        {
            Id = table.Column<Guid>(),
            Number = table.Column<int>(),
            StartedTicks = table.Column<long>(),
            Summary = table.Column<string>(),
            Body = table.Column<byte[]>(),
        }, constraints: table => table.PrimaryKey("PK_plans", row => row.Id));
        migration.CreateIndex("IX_plans_Number", "plans", "Number", unique: true);
        migration.CreateIndex("IX_plans_StartedTicks", "plans", "StartedTicks");
    }

    private static void CreateRecords(MigrationBuilder migration)
    {
        migration.CreateTable("records", columns: table => new
        {
            Key = table.Generated<long>(),
            Id = table.Column<string>(maxLength: 64),
            StartedTicks = table.Column<long>(),
            EndedTicks = table.Column<long>(),
            ReceivedTicks = table.Column<long>(),
            Tenant = table.Column<string>(maxLength: 100),
            Session = table.Column<string>(maxLength: 200, nullable: true),
            RequestedModel = table.Column<string>(),
            ConfigurationId = table.Column<string>(),
            DegradedFrom = table.Column<string>(nullable: true),
            Outcome = table.Column<int>(),
            FinishReason = table.Column<string>(),
            InputTokens = table.Column<int>(),
            OutputTokens = table.Column<int>(),
            QueueSeconds = table.Column<double>(),
            TimeToFirstTokenSeconds = table.Column<double>(nullable: true),
            DurationSeconds = table.Column<double>(),
            MeanRowsInFlight = table.Column<double>(nullable: true),
            Streamed = table.Column<bool>(),
            Joules = table.Column<double>(nullable: true),
            ActiveJoules = table.Column<double>(nullable: true),
            PrefillJoules = table.Column<double>(nullable: true),
            DecodeJoules = table.Column<double>(nullable: true),
            IdleJoules = table.Column<double>(nullable: true),
            RelativeUncertainty = table.Column<double>(nullable: true),
            GainRelative = table.Column<double>(nullable: true),
            BaselineSigmaWatts = table.Column<double>(nullable: true),
            BaselineSensitivitySeconds = table.Column<double>(nullable: true),
            ActiveBaselineSensitivitySeconds = table.Column<double>(nullable: true),
            IndependentJoules = table.Column<double>(nullable: true),
            Quality = table.Column<int>(),
            PhaseQuality = table.Column<int>(),
            GpuJoules = table.Column<double>(nullable: true),
            CpuJoules = table.Column<double>(nullable: true),
            DramJoules = table.Column<double>(nullable: true),
            Boundary = table.Column<string>(nullable: true),
            Meter = table.Column<string>(nullable: true),
            Device = table.Column<string>(nullable: true),
            Settled = table.Column<bool>(),
            MethodVersion = table.Column<string>(),
            Reasons = table.Column<string>(nullable: true),
            FactorId = table.Column<int>(),
            CO2eGrams = table.Column<double>(nullable: true),
            BaselineWatts = table.Column<double>(nullable: true),
            PrefillEndOffsetSeconds = table.Column<double>(nullable: true),
            TraceId = table.Column<string>(nullable: true),
            SpanId = table.Column<string>(nullable: true),
            Instance = table.Column<string>(nullable: true),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_records", row => row.Key);
            table.ForeignKey("FK_records_factors_FactorId", row => row.FactorId, "factors", "Id", onDelete: ReferentialAction.Restrict);
        });
        migration.CreateIndex("IX_records_Id", "records", "Id", unique: true);
        migration.CreateIndex("IX_records_StartedTicks", "records", "StartedTicks");
        migration.CreateIndex("IX_records_Tenant_StartedTicks", "records", ["Tenant", "StartedTicks"]);
        migration.CreateIndex("IX_records_ConfigurationId_StartedTicks", "records", ["ConfigurationId", "StartedTicks"]);
        migration.CreateIndex("IX_records_Session_StartedTicks", "records", ["Session", "StartedTicks"], filter: "\"Session\" IS NOT NULL");

        migration.CreateTable("record_traces", columns: table => new
        {
            RecordKey = table.Column<long>(),
            Points = table.Column<byte[]>(),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_record_traces", row => row.RecordKey);
            table.ForeignKey("FK_record_traces_records_RecordKey", row => row.RecordKey, "records", "Key", onDelete: ReferentialAction.Cascade);
        });
    }

    private static void CreateBudgets(MigrationBuilder migration)
    {
        migration.CreateTable("budgets", columns: table => new
        {
            Id = table.Column<Guid>(),
            Name = table.Column<string>(),
            Tenant = table.Column<string>(maxLength: 100),
            Quantity = table.Column<int>(),
            Limit = table.Column<double>(),
            Thresholds = table.Column<string>(),
            Paused = table.Column<bool>(),
            Version = table.Column<long>(),
            CreatedTicks = table.Column<long>(),
            UpdatedTicks = table.Column<long>(),
            LastAction = table.Column<int>(nullable: true),
            LastActionWindowTicks = table.Column<long>(nullable: true),
        }, constraints: table => table.PrimaryKey("PK_budgets", row => row.Id));
        migration.CreateIndex("IX_budgets_Tenant", "budgets", "Tenant", unique: true);

        migration.CreateTable("reservations", columns: table => new
        {
            RequestId = table.Column<string>(maxLength: 64),
            Tenant = table.Column<string>(maxLength: 100),
            ReservedTicks = table.Column<long>(),
            ExpiresTicks = table.Column<long>(),
            UpperJoules = table.Column<double>(),
            ConfigurationId = table.Column<string>(),
            Action = table.Column<int>(nullable: true),
            Message = table.Column<string>(nullable: true),
        }, constraints: table => table.PrimaryKey("PK_reservations", row => row.RequestId));
        migration.CreateIndex("IX_reservations_Tenant_ExpiresTicks", "reservations", ["Tenant", "ExpiresTicks"]);

        migration.CreateTable("budget_decisions", columns: table => new
        {
            Id = table.Generated<long>(),
            AtTicks = table.Column<long>(),
            BudgetId = table.Column<Guid>(),
            BudgetName = table.Column<string>(),
            Tenant = table.Column<string>(),
            Action = table.Column<string>(),
            Effect = table.Column<string>(),
            Detail = table.Column<string>(),
            RequestId = table.Column<string>(nullable: true),
            Count = table.Column<long>(),
            WindowTicks = table.Column<long>(nullable: true),
            Fraction = table.Column<double>(nullable: true),
        }, constraints: table => table.PrimaryKey("PK_budget_decisions", row => row.Id));
        migration.CreateIndex("IX_budget_decisions_BudgetId_Action_AtTicks", "budget_decisions", ["BudgetId", "Action", "AtTicks"]);
        migration.CreateIndex("IX_budget_decisions_Action_AtTicks", "budget_decisions", ["Action", "AtTicks"]);

        migration.CreateTable("usage_windows", columns: table => new
        {
            Id = table.Generated<long>(),
            Tenant = table.Column<string>(maxLength: 100),
            StartTicks = table.Column<long>(),
            EndTicks = table.Column<long>(),
        }, constraints: table => table.PrimaryKey("PK_usage_windows", row => row.Id));
        migration.CreateIndex("IX_usage_windows_Tenant_StartTicks_EndTicks", "usage_windows", ["Tenant", "StartTicks", "EndTicks"], unique: true);

        migration.CreateTable("usage_parts", columns: table => new
        {
            Id = table.Generated<long>(),
            WindowId = table.Column<long>(),
            Device = table.Column<string>(),
            FactorId = table.Column<int>(),
            Records = table.Column<long>(),
            Joules = table.Column<double>(),
            GainJoules = table.Column<double>(),
            BaselineJoules = table.Column<double>(),
            IndependentVariance = table.Column<double>(),
            WeakestQuality = table.Column<int>(),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_usage_parts", row => row.Id);
            table.ForeignKey("FK_usage_parts_usage_windows_WindowId", row => row.WindowId, "usage_windows", "Id", onDelete: ReferentialAction.Cascade);
        });
        migration.CreateIndex("IX_usage_parts_WindowId_Device_FactorId", "usage_parts", ["WindowId", "Device", "FactorId"], unique: true);
    }
}
