using System.Collections.Concurrent;
using GreenTune.Accounting.Events;
using GreenTune.Accounting.Records;
using GreenTune.Accounting.Store;
using GreenTune.Core.Access;
using GreenTune.Core.Contracts;
using GreenTune.ServiceDefaults.Access;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace GreenTune.Accounting.Access;

/// <summary>Makes, finds and revokes keys. A revocation is told to listeners at once, since services remember what they have verified.</summary>
internal sealed partial class KeyBook(
    StoreWriter writer, IDbContextFactory<AccountingDb> contexts, EventHub events, KeySwitch keys, IOptions<AccessOptions> options, TimeProvider clock, ILogger<KeyBook> logger) : IKeyVerifier
{
    /// <summary>When a key was last used is noted this often, so that reading a key is not a write.</summary>
    public static readonly TimeSpan LastUsedStep = TimeSpan.FromMinutes(10);

    public const string BootstrapName = "bootstrap";

    private readonly ConcurrentDictionary<Guid, long> _noted = [];

    /// <summary>Makes the bootstrap key where it is set and nobody could make another: no valid key with the role admin is there.</summary>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        long now = clock.GetUtcNow().UtcTicks;
        bool admin = await writer.WriteAsync(Durability.Flushed, async (db, token) =>
        {
            if (await db.Set<KeyRow>().AnyAsync(key => key.Role == AccessRole.Admin && key.RevokedTicks == null && (key.ExpiresTicks == null || key.ExpiresTicks > now), token))
            {
                return true;
            }

            if (options.Value.BootstrapKey is not { } bootstrap || await db.Set<KeyRow>().AnyAsync(key => key.Hash == AccessKeys.Hash(bootstrap), token))
            {
                return false;
            }

            db.Add(Row(bootstrap, new KeyInput { Name = BootstrapName, Role = AccessRole.Admin }, "Access:BootstrapKey"));
            await db.SaveChangesAsync(token);
            LogBootstrap(AccessKeys.Shown(bootstrap));
            return true;
        }, cancellation);
        if (!admin && keys.On)
        {
            LogNoAdmin();
        }
    }

    public async Task<KeyCreated> CreateAsync(KeyInput input, string actor, CancellationToken cancellation)
    {
        string key = AccessKeys.Create();
        KeyRow row = Row(key, input, actor);
        await writer.WriteAsync(Durability.Flushed, async (db, token) =>
        {
            db.Add(row);
            await db.SaveChangesAsync(token);
        }, cancellation);
        LogCreated(row.Prefix, row.Name, row.Role, row.Tenant, actor);
        return new KeyCreated(key, View(row));
    }

    /// <summary>All keys, newest first, also those that hold no longer.</summary>
    public async Task<IReadOnlyList<KeyView>> ListAsync(CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        List<KeyRow> rows = await db.Set<KeyRow>().AsNoTracking().OrderByDescending(key => key.CreatedTicks).ThenBy(key => key.Id).ToListAsync(cancellation);
        return [.. rows.Select(View)];
    }

    /// <summary>Revokes a key; one that is revoked stays as it is. Null when there is none.</summary>
    public async Task<KeyView?> RevokeAsync(Guid id, string actor, CancellationToken cancellation)
    {
        KeyRow? row = await writer.WriteAsync(Durability.Flushed, async (db, token) =>
        {
            KeyRow? found = await db.Set<KeyRow>().SingleOrDefaultAsync(key => key.Id == id, token);
            if (found is { RevokedTicks: null })
            {
                found.RevokedTicks = clock.GetUtcNow().UtcTicks;
                found.RevokedBy = actor;
                await db.SaveChangesAsync(token);
                LogRevoked(found.Prefix, found.Name, actor);
            }

            return found;
        }, cancellation);
        if (row is null)
        {
            return null;
        }

        events.Publish(EventNames.KeyRevoked, new KeyRevoked(id));
        return View(row);
    }

    public async ValueTask<KeyIdentity?> VerifyAsync(string key, CancellationToken cancellation)
    {
        if (!AccessKeys.IsKey(key))
        {
            return null;
        }

        string hash = AccessKeys.Hash(key);
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        KeyRow? row = await db.Set<KeyRow>().AsNoTracking().SingleOrDefaultAsync(one => one.Hash == hash, cancellation);
        // The index found it by a hash, whose beginning tells nothing of the key's; the last word has a comparison whose time tells nothing either.
        return row is not null && AccessKeys.SameText(row.Hash, hash) ? Valid(row) : null;
    }

    public async ValueTask<KeyIdentity?> FindAsync(Guid id, CancellationToken cancellation)
    {
        await using AccountingDb db = await contexts.CreateDbContextAsync(cancellation);
        return await db.Set<KeyRow>().AsNoTracking().SingleOrDefaultAsync(one => one.Id == id, cancellation) is { } row ? Valid(row) : null;
    }

    private KeyIdentity? Valid(KeyRow row)
    {
        long now = clock.GetUtcNow().UtcTicks;
        if (row.RevokedTicks is not null || row.ExpiresTicks <= now)
        {
            return null;
        }

        NoteUse(row, now);
        return new KeyIdentity
        {
            Id = row.Id,
            Name = row.Name,
            Tenant = row.Tenant,
            Role = row.Role,
            Limits = Limits(row),
            ExpiresAt = row.ExpiresTicks is { } expires ? RecordMapping.Time(expires) : null,
        };
    }

    private void NoteUse(KeyRow row, long now)
    {
        long last = Math.Max(row.LastUsedTicks ?? 0, _noted.GetValueOrDefault(row.Id));
        if (now - last < LastUsedStep.Ticks)
        {
            return;
        }

        _noted[row.Id] = now;
        _ = NoteAsync(row.Id, now);
    }

    // Beside the call, which does not wait for it and does not fail with it.
    private async Task NoteAsync(Guid id, long now)
    {
        try
        {
            await writer.WriteAsync(Durability.Relaxed, (db, token) => db.Set<KeyRow>().Where(key => key.Id == id)
                .ExecuteUpdateAsync(set => set.SetProperty(key => key.LastUsedTicks, now), token), CancellationToken.None);
        }
        catch (Exception e) when (e is StoreUnavailableException or DbUpdateException or ObjectDisposedException)
        {
            LogNotNoted(id, e.Message);
        }
    }

    private KeyRow Row(string key, KeyInput input, string actor) => new()
    {
        Id = Guid.CreateVersion7(clock.GetUtcNow()),
        Hash = AccessKeys.Hash(key),
        Prefix = AccessKeys.Shown(key),
        Name = input.Name.Trim(),
        Tenant = input.Tenant,
        Role = input.Role,
        RequestsPerMinute = input.Limits.RequestsPerMinute,
        TokensPerMinute = input.Limits.TokensPerMinute,
        Concurrent = input.Limits.Concurrent,
        CreatedTicks = clock.GetUtcNow().UtcTicks,
        CreatedBy = actor,
        ExpiresTicks = input.ExpiresAt?.UtcTicks,
    };

    private static KeyLimits Limits(KeyRow row) => new() { RequestsPerMinute = row.RequestsPerMinute, TokensPerMinute = row.TokensPerMinute, Concurrent = row.Concurrent };

    private static KeyView View(KeyRow row) => new()
    {
        Id = row.Id,
        Name = row.Name,
        Prefix = row.Prefix,
        Tenant = row.Tenant,
        Role = row.Role,
        Limits = Limits(row),
        CreatedAt = RecordMapping.Time(row.CreatedTicks),
        CreatedBy = row.CreatedBy,
        ExpiresAt = row.ExpiresTicks is { } expires ? RecordMapping.Time(expires) : null,
        RevokedAt = row.RevokedTicks is { } revoked ? RecordMapping.Time(revoked) : null,
        RevokedBy = row.RevokedBy,
        LastUsedAt = row.LastUsedTicks is { } used ? RecordMapping.Time(used) : null,
    };

    [LoggerMessage(1, LogLevel.Information, "The key {Prefix}... \"{Name}\" with the role {Role} for the tenant {Tenant} was made by {Actor}")]
    private partial void LogCreated(string prefix, string name, AccessRole role, string tenant, string actor);

    [LoggerMessage(2, LogLevel.Information, "The key {Prefix}... \"{Name}\" was revoked by {Actor}")]
    private partial void LogRevoked(string prefix, string name, string actor);

    [LoggerMessage(3, LogLevel.Warning, "The key {Prefix}... of Access:BootstrapKey now has the role admin. Make keys with it, then revoke it and remove the setting")]
    private partial void LogBootstrap(string prefix);

    [LoggerMessage(4, LogLevel.Warning, "Keys are on and there is none with the role admin: set Access:BootstrapKey to one that `greentune keys generate` makes, and start again")]
    private partial void LogNoAdmin();

    [LoggerMessage(5, LogLevel.Information, "That key {Id} was used could not be noted: {Reason}")]
    private partial void LogNotNoted(Guid id, string reason);
}
