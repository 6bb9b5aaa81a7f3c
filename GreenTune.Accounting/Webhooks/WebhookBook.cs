using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using GreenTune.Accounting.Budgets;
using GreenTune.Accounting.Http;
using GreenTune.Accounting.Records;
using GreenTune.Accounting.Store;
using GreenTune.Core.Contracts;
using GreenTune.ServiceDefaults.Access;
using Microsoft.EntityFrameworkCore;

namespace GreenTune.Accounting.Webhooks;

/// <summary>Keeps webhooks: checks, stores and tests them.</summary>
internal sealed class WebhookBook(StoreWriter writer, IDbContextFactory<AccountingDb> contexts, IOutgoingUrlPolicy policy, WebhookClient client, TimeProvider clock)
{
    public const int MaxWebhooks = 100;
    private const int MaxNameLength = 80;
    private const int MinSecretLength = 16;
    private const int MaxSecretLength = 200;
    private const int MaxUrlLength = 2000;

    public async Task<FieldErrors> ValidateAsync(WebhookInput input, CancellationToken cancellation)
    {
        var errors = new FieldErrors();
        if (string.IsNullOrWhiteSpace(input.Name) || input.Name.Length > MaxNameLength || input.Name.Any(char.IsControl))
        {
            errors.Add("name", $"Give the webhook a name of 1 to {MaxNameLength} characters, for example \"on-call channel\".");
        }

        if (input.Url.Length > MaxUrlLength || !Uri.TryCreate(input.Url, UriKind.Absolute, out Uri? url))
        {
            errors.Add("url", "The address is a URL, for example https://hooks.example.com/greentune.");
        }
        else if (policy.Refusal(url) is { } refusal)
        {
            errors.Add("url", refusal);
        }

        if (input.Secret is { } secret && (secret.Length is < MinSecretLength or > MaxSecretLength || secret.Any(char.IsControl)))
        {
            errors.Add("secret", $"A secret has {MinSecretLength} to {MaxSecretLength} characters; left out, one is made.");
        }

        if (input.Actions.Count == 0 || input.Actions.Distinct().Count() != input.Actions.Count || !input.Actions.All(Enum.IsDefined))
        {
            errors.Add("actions", "Name one or more of \"notify\", \"degrade\" and \"block\", each once.");
        }

        if (input.BudgetId is { } budget)
        {
            await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
            if (!await db.Budgets.AnyAsync(row => row.Id == budget, cancellation))
            {
                errors.Add("budgetId", $"There is no budget {budget}; left out, the webhook hears of all.");
            }
        }

        return errors;
    }

    /// <returns>Null when there are <see cref="MaxWebhooks"/> already.</returns>
    public async Task<WebhookCreated?> CreateAsync(WebhookInput input, string actor, CancellationToken cancellation)
    {
        DateTimeOffset now = clock.GetUtcNow();
        string secret = input.Secret ?? Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var row = new WebhookRow { Id = Guid.CreateVersion7(now), Name = "", Url = "", Secret = secret, Actions = "", CreatedTicks = now.UtcTicks, CreatedBy = actor };
        Apply(input, row);
        return await writer.WriteAsync(Durability.Flushed, async (db, token) =>
        {
            if (await db.Set<WebhookRow>().CountAsync(token) >= MaxWebhooks)
            {
                return null;
            }

            db.Add(row);
            await db.SaveChangesAsync(token);
            return new WebhookCreated(secret, View(row, 0));
        }, cancellation);
    }

    public Task<WebhookView?> UpdateAsync(Guid id, WebhookInput input, CancellationToken cancellation) => writer.WriteAsync(Durability.Flushed, async (db, token) =>
    {
        if (await db.Set<WebhookRow>().SingleOrDefaultAsync(hook => hook.Id == id, token) is not { } row)
        {
            return null;
        }

        Apply(input, row);
        row.Secret = input.Secret ?? row.Secret;
        await db.SaveChangesAsync(token);
        return View(row, await WaitingAsync(db, id, token));
    }, cancellation);

    /// <summary>Deletes a webhook with what it has not heard of yet.</summary>
    public Task<bool> DeleteAsync(Guid id, CancellationToken cancellation) => writer.WriteAsync(Durability.Flushed, async (db, token) =>
    {
        await db.Set<WebhookDeliveryRow>().Where(delivery => delivery.WebhookId == id).ExecuteDeleteAsync(token);
        return await db.Set<WebhookRow>().Where(hook => hook.Id == id).ExecuteDeleteAsync(token) > 0;
    }, cancellation);

    public async Task<IReadOnlyList<WebhookView>> ListAsync(CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        Dictionary<Guid, long> waiting = await db.Set<WebhookDeliveryRow>().GroupBy(delivery => delivery.WebhookId)
            .Select(group => new { group.Key, Count = group.LongCount() }).ToDictionaryAsync(group => group.Key, group => group.Count, cancellation);
        List<WebhookRow> rows = await db.Set<WebhookRow>().AsNoTracking().OrderBy(hook => hook.Name).ThenBy(hook => hook.Id).ToListAsync(cancellation);
        return [.. rows.Select(row => View(row, waiting.GetValueOrDefault(row.Id)))];
    }

    public async Task<WebhookView?> FindAsync(Guid id, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        return await db.Set<WebhookRow>().AsNoTracking().SingleOrDefaultAsync(hook => hook.Id == id, cancellation) is { } row ? View(row, await WaitingAsync(db, id, cancellation)) : null;
    }

    /// <summary>Sends a delivery without content now and says what came of it.</summary>
    public async Task<WebhookTest?> TestAsync(Guid id, CancellationToken cancellation)
    {
        WebhookRow? row;
        await using (AccountingDb db = await contexts.CreateDbContextAsync(cancellation))
        {
            row = await db.Set<WebhookRow>().AsNoTracking().SingleOrDefaultAsync(hook => hook.Id == id, cancellation);
        }

        if (row is null)
        {
            return null;
        }

        DateTimeOffset now = clock.GetUtcNow();
        var told = new WebhookEvent { Id = Guid.CreateVersion7(now), Event = "test", At = now };
        WebhookAttempt attempt = await client.SendAsync(row.Url, row.Secret, told.Event, told.Id, JsonSerializer.Serialize(told, ContractJson.Options), cancellation);
        await writer.WriteAsync(Durability.Relaxed, (db, token) => WebhookSender.NoteAsync(db, id, attempt, now, token), cancellation);
        return new WebhookTest(attempt.Problem is null, attempt.Status, attempt.Problem);
    }

    private static Task<long> WaitingAsync(AccountingDb db, Guid id, CancellationToken cancellation) =>
        db.Set<WebhookDeliveryRow>().LongCountAsync(delivery => delivery.WebhookId == id, cancellation);

    private static void Apply(WebhookInput input, WebhookRow row)
    {
        row.Name = input.Name.Trim();
        row.Url = input.Url;
        row.Actions = string.Join(',', input.Actions.Order().Select(DecisionLog.Name));
        row.BudgetId = input.BudgetId;
        row.Paused = input.Paused;
    }

    private static WebhookView View(WebhookRow row, long waiting) => new()
    {
        Id = row.Id,
        Name = row.Name,
        Url = row.Url,
        Actions = [.. Enum.GetValues<BudgetAction>().Where(action => row.Actions.Split(',').Contains(DecisionLog.Name(action)))],
        BudgetId = row.BudgetId,
        Paused = row.Paused,
        CreatedAt = RecordMapping.Time(row.CreatedTicks),
        CreatedBy = row.CreatedBy,
        Waiting = waiting,
        LastDeliveredAt = row.DeliveredTicks is { } delivered ? RecordMapping.Time(delivered) : null,
        LastFailedAt = row.FailedTicks is { } failed ? RecordMapping.Time(failed) : null,
        LastProblem = row.Problem,
    };
}
