using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace GreenTune.Accounting.Store.Migrations;

/// <summary>
/// Hour and day roll-ups, sessions, and what lists of requests and the retention of traces look up. The roll-ups of records that are there already are made
/// when the service first opens the books afterwards, since SQL cannot make the latency histograms.
/// </summary>
[DbContext(typeof(AccountingDb))]
[Migration("0002_RollUps")]
internal sealed class M0002RollUps : Migration
{
    protected override void Up(MigrationBuilder migration)
    {
        CreateRollUps(migration);
        CreateSessions(migration);

        migration.CreateTable("marks", columns: table => new
        {
            Name = table.Column<string>(maxLength: 100),
            Ticks = table.Column<long>(),
        }, constraints: table => table.PrimaryKey("PK_marks", row => row.Name));

        migration.AddColumn<long>("StartedTicks", "record_traces", nullable: false, defaultValue: 0L);
        migration.Sql("""UPDATE "record_traces" SET "StartedTicks" = (SELECT "StartedTicks" FROM "records" WHERE "records"."Key" = "record_traces"."RecordKey")""");
        migration.CreateIndex("IX_record_traces_StartedTicks", "record_traces", "StartedTicks");

        migration.CreateIndex("IX_records_Quality_StartedTicks", "records", ["Quality", "StartedTicks"]);
        migration.CreateIndex("IX_records_Outcome_StartedTicks", "records", ["Outcome", "StartedTicks"], filter: "\"Outcome\" <> 0");
        migration.CreateIndex("IX_records_Tenant_Outcome_StartedTicks", "records", ["Tenant", "Outcome", "StartedTicks"], filter: "\"Outcome\" <> 0");
        migration.CreateIndex("IX_records_DegradedFrom", "records", "StartedTicks", filter: "\"DegradedFrom\" IS NOT NULL");
    }

    private static void CreateRollUps(MigrationBuilder migration)
    {
        migration.CreateTable("rollups", columns: table => new
        {
            Level = table.Column<int>(),
            StartTicks = table.Column<long>(),
            Tenant = table.Column<string>(maxLength: 100),
            ConfigurationId = table.Column<string>(),
            Device = table.Column<string>(),
            FactorId = table.Column<int>(),
            Quality = table.Column<int>(),
            Requests = table.Column<long>(),
            Cancelled = table.Column<long>(),
            Failed = table.Column<long>(),
            Degraded = table.Column<long>(),
            InputTokens = table.Column<long>(),
            OutputTokens = table.Column<long>(),
            Metered = table.Column<long>(),
            MeteredOutputTokens = table.Column<long>(),
            Joules = table.Column<double>(),
            GainJoules = table.Column<double>(),
            BaselineJoules = table.Column<double>(),
            IndependentVariance = table.Column<double>(),
            Grams = table.Column<double>(),
            GainGrams = table.Column<double>(),
            BaselineGrams = table.Column<double>(),
            GramsVariance = table.Column<double>(),
            ActiveRecords = table.Column<long>(),
            ActiveJoules = table.Column<double>(),
            ActiveGainJoules = table.Column<double>(),
            ActiveBaselineJoules = table.Column<double>(),
            ActiveVariance = table.Column<double>(),
            PhaseRecords = table.Column<long>(),
            PrefillJoules = table.Column<double>(),
            DecodeJoules = table.Column<double>(),
            GpuRecords = table.Column<long>(),
            GpuJoules = table.Column<double>(),
            CpuRecords = table.Column<long>(),
            CpuJoules = table.Column<double>(),
            DramRecords = table.Column<long>(),
            DramJoules = table.Column<double>(),
        }, constraints: table => table.PrimaryKey("PK_rollups", row => new { row.Level, row.StartTicks, row.Tenant, row.ConfigurationId, row.Device, row.FactorId, row.Quality }));
        migration.CreateIndex("IX_rollups_Tenant_Level_StartTicks", "rollups", ["Tenant", "Level", "StartTicks"]);

        migration.CreateTable("latency_rollups", columns: table => new
        {
            Level = table.Column<int>(),
            StartTicks = table.Column<long>(),
            Tenant = table.Column<string>(maxLength: 100),
            ConfigurationId = table.Column<string>(),
            Durations = table.Column<byte[]>(),
        }, constraints: table => table.PrimaryKey("PK_latency_rollups", row => new { row.Level, row.StartTicks, row.Tenant, row.ConfigurationId }));

        migration.CreateTable("device_rollups", columns: table => new
        {
            Level = table.Column<int>(),
            StartTicks = table.Column<long>(),
            Device = table.Column<string>(),
            Instance = table.Column<string>(),
            Seconds = table.Column<double>(),
            TotalJoules = table.Column<double>(),
            ActiveJoules = table.Column<double>(),
            IdleShareJoules = table.Column<double>(),
            IdleJoules = table.Column<double>(),
            UnattributedJoules = table.Column<double>(),
            OtherJoules = table.Column<double>(),
            Quality = table.Column<int>(),
        }, constraints: table => table.PrimaryKey("PK_device_rollups", row => new { row.Level, row.StartTicks, row.Device, row.Instance }));
    }

    private static void CreateSessions(MigrationBuilder migration)
    {
        migration.CreateTable("sessions", columns: table => new
        {
            Key = table.Generated<long>(),
            Id = table.Column<string>(maxLength: 301),
            Tenant = table.Column<string>(maxLength: 100),
            Session = table.Column<string>(maxLength: 200),
            FirstTicks = table.Column<long>(),
            LastTicks = table.Column<long>(),
        }, constraints: table => table.PrimaryKey("PK_sessions", row => row.Key));
        migration.CreateIndex("IX_sessions_Id", "sessions", "Id", unique: true);
        migration.CreateIndex("IX_sessions_LastTicks", "sessions", "LastTicks");
        migration.CreateIndex("IX_sessions_Tenant_LastTicks", "sessions", ["Tenant", "LastTicks"]);
        migration.CreateIndex("IX_sessions_Session", "sessions", "Session");

        migration.CreateTable("session_parts", columns: table => new
        {
            SessionKey = table.Column<long>(),
            ConfigurationId = table.Column<string>(),
            Device = table.Column<string>(),
            Quality = table.Column<int>(),
            Requests = table.Column<long>(),
            Cancelled = table.Column<long>(),
            Failed = table.Column<long>(),
            Degraded = table.Column<long>(),
            InputTokens = table.Column<long>(),
            OutputTokens = table.Column<long>(),
            Metered = table.Column<long>(),
            MeteredOutputTokens = table.Column<long>(),
            Joules = table.Column<double>(),
            GainJoules = table.Column<double>(),
            BaselineJoules = table.Column<double>(),
            IndependentVariance = table.Column<double>(),
            Grams = table.Column<double>(),
            GainGrams = table.Column<double>(),
            BaselineGrams = table.Column<double>(),
            GramsVariance = table.Column<double>(),
            ActiveRecords = table.Column<long>(),
            ActiveJoules = table.Column<double>(),
            ActiveGainJoules = table.Column<double>(),
            ActiveBaselineJoules = table.Column<double>(),
            ActiveVariance = table.Column<double>(),
            PhaseRecords = table.Column<long>(),
            PrefillJoules = table.Column<double>(),
            DecodeJoules = table.Column<double>(),
            GpuRecords = table.Column<long>(),
            GpuJoules = table.Column<double>(),
            CpuRecords = table.Column<long>(),
            CpuJoules = table.Column<double>(),
            DramRecords = table.Column<long>(),
            DramJoules = table.Column<double>(),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_session_parts", row => new { row.SessionKey, row.ConfigurationId, row.Device, row.Quality });
            table.ForeignKey("FK_session_parts_sessions_SessionKey", row => row.SessionKey, "sessions", "Key", onDelete: ReferentialAction.Cascade);
        });
    }
}
