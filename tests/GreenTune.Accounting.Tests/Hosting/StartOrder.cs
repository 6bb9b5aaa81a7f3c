using GreenTune.Accounting.Tests.Carbon;
using GreenTune.Accounting.Tests.Hosting;
using GreenTune.Accounting.Tests.Soak;
using GreenTune.Tests;

[assembly: TestCollectionOrderer(typeof(StartOrder))]

namespace GreenTune.Accounting.Tests.Hosting;

/// <summary>By their time on two cores; what is shorter fits in behind.</summary>
public sealed class StartOrder() : LongestFirst(nameof(SqliteKillTests), nameof(PostgresKillTests), nameof(LivePricingTests));
