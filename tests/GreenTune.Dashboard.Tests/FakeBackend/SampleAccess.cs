using GreenTune.Core.Contracts;

namespace GreenTune.Dashboard.Tests.FakeBackend;

/// <summary>Keys and webhooks in every state.</summary>
internal static class SampleAccess
{
    public static IReadOnlyList<KeyView> Keys(DateTimeOffset now) =>
    [
        Key("support desk", "team-support", AccessRole.Use, now.AddDays(-2)) with { Limits = new KeyLimits { RequestsPerMinute = 60, TokensPerMinute = 100_000, Concurrent = 8 }, LastUsedAt = now.AddMinutes(-4) },
        Key("nightly evaluation", "batch-eval", AccessRole.Use, now.AddDays(-12)) with { ExpiresAt = now.AddDays(5), LastUsedAt = now.AddHours(-8) },
        Key("on call", "default", AccessRole.Operate, now.AddDays(-20)) with { ExpiresAt = now.AddDays(200) },
        Key("ops", "default", AccessRole.Admin, now.AddDays(-40)) with { LastUsedAt = now.AddMinutes(-1) },
        Key("old laptop", "default", AccessRole.Operate, now.AddDays(-60)) with { RevokedAt = now.AddDays(-20), RevokedBy = "ops" },
        Key("trial", "playground", AccessRole.Use, now.AddDays(-90)) with { ExpiresAt = now.AddDays(-60) },
    ];

    public static IReadOnlyList<WebhookView> Webhooks(SampleWorld world) =>
    [
        Webhook("on-call channel", "https://hooks.example.com/services/greentune", world.Now) with { LastDeliveredAt = world.Now.AddMinutes(-4) },
        Webhook("pager of the batch team", "https://pager.example.org/v2/enqueue", world.Now) with
        {
            Actions = [BudgetAction.Block],
            BudgetId = world.Budgets.FirstOrDefault(b => b.Budget.Name == "Batch evaluation")?.Budget.Id,
            LastDeliveredAt = world.Now.AddDays(-3),
            LastFailedAt = world.Now.AddMinutes(-1),
            LastProblem = "The receiver answered 503.",
            Waiting = 2,
        },
        Webhook("trial", "https://hooks.example.com/trial", world.Now) with { Paused = true },
    ];

    public static KeyView Key(string name, string tenant, AccessRole role, DateTimeOffset created) => new()
    {
        Id = Guid.NewGuid(),
        Name = name,
        Prefix = "gt_Ab3d",
        Tenant = tenant,
        Role = role,
        Limits = KeyLimits.None,
        CreatedAt = created,
        CreatedBy = "ops",
    };

    public static WebhookView Webhook(string name, string url, DateTimeOffset now) => new()
    {
        Id = Guid.NewGuid(),
        Name = name,
        Url = url,
        Actions = [BudgetAction.Notify, BudgetAction.Degrade, BudgetAction.Block],
        Paused = false,
        CreatedAt = now.AddDays(-9),
        CreatedBy = "ops",
        Waiting = 0,
    };
}
