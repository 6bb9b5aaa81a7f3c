using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using GreenTune.Core.Access;
using GreenTune.Core.Contracts;
using GreenTune.ServiceDefaults.Resilience;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Access;

/// <summary>
/// Asks Accounting whom keys stand for and remembers the answers for a while (Access:VerificationSeconds). While Accounting cannot be asked, keys that were
/// verified before hold on (Access:OfflineHours) and unknown ones wait for it. Who hears that a key was revoked says so here (<see cref="Forget"/>). Keys
/// are remembered by their hash.
/// </summary>
public sealed class RemoteKeys(IHttpClientFactory clients, IOptions<AccessOptions> options, TimeProvider clock) : IKeyVerifier
{
    private const string ClientName = "keys";

    /// <summary>How long an answer may take; a request of a client waits for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>An unknown key is asked about this often at most, and so is Accounting while it is away.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<Entry>>> _asking = new(StringComparer.Ordinal);
    private readonly TimeSpan _fresh = TimeSpan.FromSeconds(options.Value.VerificationSeconds);
    private readonly TimeSpan _offline = TimeSpan.FromHours(options.Value.OfflineHours);

    /// <param name="Identity">Null for a key that is unknown.</param>
    /// <param name="VerifiedAt">When Accounting said so.</param>
    /// <param name="AskAgainAt">Believed until then without asking.</param>
    private sealed record Entry(KeyIdentity? Identity, DateTimeOffset VerifiedAt, DateTimeOffset AskAgainAt);

    /// <summary>Registers this as the service's verifier.</summary>
    public static void Add(IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddHttpClient(ClientName, http => http.BaseAddress = new Uri("http://accounting")).WithoutResilience(Patience);
        services.AddSingleton<RemoteKeys>();
        services.AddSingleton<IKeyVerifier>(provider => provider.GetRequiredService<RemoteKeys>());
    }

    public ValueTask<KeyIdentity?> VerifyAsync(string key, CancellationToken cancellation) => AccessKeys.IsKey(key)
        ? GetAsync(AccessKeys.Hash(key), (http, token) => http.PostAsJsonAsync("api/keys/verify", new KeyCheck(key), ContractJson.Options, token), cancellation)
        : ValueTask.FromResult<KeyIdentity?>(null);

    public ValueTask<KeyIdentity?> FindAsync(Guid id, CancellationToken cancellation) =>
        GetAsync($"id {id}", (http, token) => http.GetAsync(new Uri($"api/keys/{id}/identity", UriKind.Relative), token), cancellation);

    /// <summary>The key was revoked: it is not believed any more, whether or not Accounting can be asked.</summary>
    public void Forget(Guid id)
    {
        foreach ((string key, Entry entry) in _entries)
        {
            if (entry.Identity?.Id == id)
            {
                _entries[key] = new Entry(null, clock.GetUtcNow(), clock.GetUtcNow() + Pause);
            }
        }
    }

    /// <summary>Something may have been missed: every key is asked about at its next use.</summary>
    public void Recheck()
    {
        foreach ((string key, Entry entry) in _entries)
        {
            _entries.TryUpdate(key, entry with { AskAgainAt = DateTimeOffset.MinValue }, entry);
        }
    }

    private async ValueTask<KeyIdentity?> GetAsync(string name, Func<HttpClient, CancellationToken, Task<HttpResponseMessage>> ask, CancellationToken cancellation)
    {
        DateTimeOffset now = clock.GetUtcNow();
        if (!_entries.TryGetValue(name, out Entry? entry) || entry.AskAgainAt <= now)
        {
            // One question at a time for a key, however many requests bring it; it goes on when the first of them goes away.
            Lazy<Task<Entry>> question = _asking.GetOrAdd(name, _ => new Lazy<Task<Entry>>(() => AskAsync(name, ask)));
            entry = await question.Value.WaitAsync(cancellation);
        }

        return entry.Identity is { } identity && !(identity.ExpiresAt <= now) ? identity : null;
    }

    private async Task<Entry> AskAsync(string name, Func<HttpClient, CancellationToken, Task<HttpResponseMessage>> ask)
    {
        try
        {
            Entry entry = await AnswerAsync(name, ask);
            MakeRoom();
            _entries[name] = entry;
            return entry;
        }
        finally
        {
            _asking.TryRemove(name, out _);
        }
    }

    private async Task<Entry> AnswerAsync(string name, Func<HttpClient, CancellationToken, Task<HttpResponseMessage>> ask)
    {
        try
        {
            using HttpClient http = clients.CreateClient(ClientName);
            using HttpResponseMessage response = await ask(http, CancellationToken.None);
            DateTimeOffset now = clock.GetUtcNow();
            if (response.StatusCode == HttpStatusCode.NotFound)
            {
                return new Entry(null, now, now + Pause);
            }

            response.EnsureSuccessStatusCode();
            KeyIdentity? identity = await response.Content.ReadFromJsonAsync<KeyIdentity>(ContractJson.Options);
            return new Entry(identity, now, now + (identity is null ? Pause : _fresh));
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException)
        {
            DateTimeOffset now = clock.GetUtcNow();
            return _entries.TryGetValue(name, out Entry? before) && before.Identity is not null && now - before.VerifiedAt < _offline
                ? before with { AskAgainAt = now + Pause }
                : throw new KeysUnavailableException(e);
        }
    }

    /// <summary>Keys that nobody has, sent in masses, push out one another before they push out real ones.</summary>
    private void MakeRoom()
    {
        if (_entries.Count < options.Value.MaxRememberedKeys)
        {
            return;
        }

        int tooMany = _entries.Count - options.Value.MaxRememberedKeys + options.Value.MaxRememberedKeys / 10 + 1;
        foreach (string key in _entries.OrderBy(pair => pair.Value.Identity is not null).ThenBy(pair => pair.Value.VerifiedAt).Take(tooMany).Select(pair => pair.Key).ToArray())
        {
            _entries.TryRemove(key, out _);
        }
    }
}
