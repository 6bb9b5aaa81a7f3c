using GreenTune.Accounting.Access;
using GreenTune.Accounting.Budgets;
using GreenTune.Accounting.Carbon.Intensities;
using GreenTune.Accounting.Carbon.Restatements;
using GreenTune.Accounting.Configurations;
using GreenTune.Accounting.RollUps;
using GreenTune.Accounting.Webhooks;
using GreenTune.Core.Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Conventions;

namespace GreenTune.Accounting.Store;

/// <summary>The books. The model names no database: what one needs of its own is in its <see cref="IStoreDialect"/>.</summary>
internal sealed class AccountingDb(DbContextOptions<AccountingDb> options) : DbContext(options)
{
    public DbSet<RecordRow> Records => Set<RecordRow>();

    public DbSet<RecordTraceRow> Traces => Set<RecordTraceRow>();

    public DbSet<FactorRow> Factors => Set<FactorRow>();

    public DbSet<TenantRow> Tenants => Set<TenantRow>();

    public DbSet<PeriodRow> Periods => Set<PeriodRow>();

    public DbSet<BudgetRow> Budgets => Set<BudgetRow>();

    public DbSet<ReservationRow> Reservations => Set<ReservationRow>();

    public DbSet<DecisionRow> Decisions => Set<DecisionRow>();

    public DbSet<SettingsRow> Settings => Set<SettingsRow>();

    public DbSet<PlanRow> Plans => Set<PlanRow>();

    public DbSet<IntensityRow> Intensities => Set<IntensityRow>();

    public DbSet<IntensityCallRow> IntensityCalls => Set<IntensityCallRow>();

    public DbSet<CarbonHourRow> CarbonHours => Set<CarbonHourRow>();

    public DbSet<RestatementRow> Restatements => Set<RestatementRow>();

    public DbSet<RestatedHourRow> RestatedHours => Set<RestatedHourRow>();

    public DbSet<RollUpRow> RollUps => Set<RollUpRow>();

    public DbSet<LatencyRow> Latencies => Set<LatencyRow>();

    public DbSet<SessionRow> Sessions => Set<SessionRow>();

    public DbSet<SessionPartRow> SessionParts => Set<SessionPartRow>();

    public DbSet<DeviceRollUpRow> DeviceRollUps => Set<DeviceRollUpRow>();

    public DbSet<ConfigurationRow> Configurations => Set<ConfigurationRow>();

    public DbSet<MarkRow> Marks => Set<MarkRow>();

    // Every index is named below: one on each foreign key as well would only serve deleting carbon factors, which never happens.
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) => configurationBuilder.Conventions.Remove<ForeignKeyIndexConvention>();

    protected override void OnModelCreating(ModelBuilder model)
    {
        model.ApplyConfiguration(new IntensityRowConfiguration());
        model.ApplyConfiguration(new IntensityCallRowConfiguration());
        model.ApplyConfiguration(new CarbonHourRowConfiguration());
        model.ApplyConfiguration(new RestatementRowConfiguration());
        model.ApplyConfiguration(new RestatedHourRowConfiguration());

        model.Entity<FactorRow>(factor =>
        {
            factor.ToTable("factors").HasKey(row => row.Id);
            factor.Property(row => row.Factor).HasMaxLength(2000);
            factor.HasIndex(row => row.Factor).IsUnique();
        });

        model.Entity<RecordRow>(record =>
        {
            record.ToTable("records").HasKey(row => row.Key);
            record.HasIndex(row => row.Id).IsUnique();
            record.HasIndex(row => row.StartedTicks);
            record.HasIndex(row => new { row.Tenant, row.StartedTicks });
            record.HasIndex(row => new { row.ConfigurationId, row.StartedTicks });
            record.HasIndex(row => new { row.Session, row.StartedTicks }).HasFilter("\"Session\" IS NOT NULL");
            record.HasIndex(row => new { row.Quality, row.StartedTicks });
            // What went wrong is rare and looked for often: 0 is completed.
            record.HasIndex(row => new { row.Outcome, row.StartedTicks }).HasFilter("\"Outcome\" <> 0");
            record.HasIndex(row => new { row.Tenant, row.Outcome, row.StartedTicks }).HasFilter("\"Outcome\" <> 0");
            record.HasIndex(row => row.StartedTicks, "IX_records_DegradedFrom").HasFilter("\"DegradedFrom\" IS NOT NULL");
            // Once a key by its name, EF forgets that it cannot be null.
            record.Property(row => row.Id).HasMaxLength(64).IsRequired();
            record.Property(row => row.Tenant).HasMaxLength(100);
            record.Property(row => row.Session).HasMaxLength(200);
            record.HasOne<FactorRow>().WithMany().HasForeignKey(row => row.FactorId).OnDelete(DeleteBehavior.Restrict);
            record.HasOne(row => row.Trace).WithOne().HasForeignKey<RecordTraceRow>(trace => trace.RecordKey).OnDelete(DeleteBehavior.Cascade);
        });

        model.Entity<RecordTraceRow>(trace =>
        {
            trace.ToTable("record_traces").HasKey(row => row.RecordKey);
            trace.Property(row => row.RecordKey).ValueGeneratedNever();
            trace.HasIndex(row => row.StartedTicks);
            trace.Property(row => row.StartedTicks).HasDefaultValue(0L);
        });

        model.Entity<TenantRow>(tenant =>
        {
            tenant.ToTable("tenants").HasKey(row => row.Name);
            tenant.Property(row => row.Name).HasMaxLength(100);
        });

        model.Entity<PeriodRow>(period =>
        {
            period.ToTable("periods").HasKey(row => row.Key);
            period.HasIndex(row => row.Id).IsUnique();
            period.HasIndex(row => row.FromTicks);
            period.Property(row => row.Id).HasMaxLength(100).IsRequired();
        });

        model.Entity<BudgetRow>(budget =>
        {
            budget.ToTable("budgets").HasKey(row => row.Id);
            budget.HasIndex(row => row.Tenant);
            budget.Property(row => row.Id).ValueGeneratedNever();
            budget.Property(row => row.Tenant).HasMaxLength(100);
            // Added later: what was there before is a tenant's calendar day.
            budget.Property(row => row.Scope).HasDefaultValue(BudgetScope.Tenant);
            budget.Property(row => row.Period).HasDefaultValue(BudgetPeriod.Day);
            budget.Property(row => row.Window).HasDefaultValue(BudgetWindowKind.Calendar);
            budget.Property(row => row.Model).HasMaxLength(201);
            budget.Property(row => row.Session).HasMaxLength(200);
            budget.Property(row => row.TimeZone).HasMaxLength(64);
        });

        model.Entity<ReservationRow>(reservation =>
        {
            reservation.ToTable("reservations").HasKey(row => row.RequestId);
            reservation.HasIndex(row => new { row.Tenant, row.ExpiresTicks });
            reservation.Property(row => row.RequestId).HasMaxLength(64);
            reservation.Property(row => row.Tenant).HasMaxLength(100);
            reservation.Property(row => row.Session).HasMaxLength(200);
        });

        model.Entity<DecisionRow>(decision =>
        {
            decision.ToTable("budget_decisions").HasKey(row => row.Id);
            decision.HasIndex(row => new { row.BudgetId, row.Action, row.AtTicks });
            decision.HasIndex(row => new { row.Action, row.AtTicks });
        });

        model.Entity<SettingsRow>(settings =>
        {
            settings.ToTable("threee_settings").HasKey(row => row.Version);
            settings.Property(row => row.Version).ValueGeneratedNever();
        });

        model.Entity<PlanRow>(plan =>
        {
            plan.ToTable("plans").HasKey(row => row.Id);
            plan.HasIndex(row => row.Number).IsUnique();
            plan.HasIndex(row => row.StartedTicks);
            plan.Property(row => row.Id).ValueGeneratedNever();
        });

        model.ApplyConfiguration(new UsageSliceConfiguration());
        model.ApplyConfiguration(new KeyConfiguration());
        model.ApplyConfiguration(new ConfigurationRowConfiguration());
        model.ApplyConfiguration(new WebhookConfiguration());
        model.ApplyConfiguration(new WebhookDeliveryConfiguration());
        var rollUps = new RollUpConfiguration();
        model.ApplyConfiguration<RollUpRow>(rollUps);
        model.ApplyConfiguration<LatencyRow>(rollUps);
        model.ApplyConfiguration<SessionRow>(rollUps);
        model.ApplyConfiguration<SessionPartRow>(rollUps);
        model.ApplyConfiguration<DeviceRollUpRow>(rollUps);
        model.ApplyConfiguration<MarkRow>(rollUps);
    }
}
