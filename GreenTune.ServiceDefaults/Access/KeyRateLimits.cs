using System.Collections.Concurrent;
using GreenTune.Core.Contracts;

namespace GreenTune.ServiceDefaults.Access;

/// <summary>A limit of a key has been reached.</summary>
/// <param name="Code">"requests_per_minute", "tokens_per_minute" or "concurrent_requests".</param>
/// <param name="Message">For the client.</param>
/// <param name="RetryAfter">When it is worth another try.</param>
public sealed record RateRefusal(string Code, string Message, TimeSpan RetryAfter);

/// <summary>
/// Counts what keys ask for, each in buckets that fill again evenly: a key that was quiet for a minute may spend the minute's amount at once. Counts are of
/// this process, so that n replicas let n times as much pass. Thread-safe.
/// </summary>
public sealed class KeyRateLimits(TimeProvider clock)
{
    /// <summary>Keys that are counted at once; the count of one that was quiet for a minute is full again and can be forgotten.</summary>
    private const int MaxKeys = 20_000;

    private static readonly TimeSpan ConcurrentRetry = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Guid, Counts> _keys = [];

    /// <summary>Admits a request of a key, or says why not.</summary>
    /// <param name="key">The key.</param>
    /// <param name="generates">It makes a model answer, so that it counts among those that run at once.</param>
    /// <param name="ticket">Ends the request when disposed; null when it is refused or nothing is limited.</param>
    public RateRefusal? Admit(KeyIdentity key, bool generates, out RateTicket? ticket)
    {
        ArgumentNullException.ThrowIfNull(key);
        ticket = null;
        if (key.Limits is { RequestsPerMinute: null, TokensPerMinute: null, Concurrent: null })
        {
            return null;
        }

        if (_keys.Count > MaxKeys)
        {
            Forget();
        }

        return _keys.GetOrAdd(key.Id, _ => new Counts(clock)).Admit(key.Limits, generates, out ticket);
    }

    private void Forget()
    {
        foreach ((Guid id, Counts counts) in _keys)
        {
            if (counts.IsIdle)
            {
                _keys.TryRemove(id, out _);
            }
        }
    }

    internal sealed class Counts(TimeProvider clock)
    {
        private readonly Lock _gate = new();
        private readonly Bucket _requests = new(clock);
        private readonly Bucket _tokens = new(clock);
        private int _running;

        public bool IsIdle
        {
            get
            {
                lock (_gate)
                {
                    return _running == 0 && _requests.IsFull && _tokens.IsFull;
                }
            }
        }

        public RateRefusal? Admit(KeyLimits limits, bool generates, out RateTicket? ticket)
        {
            ticket = null;
            lock (_gate)
            {
                if (generates && limits.Concurrent is { } most && _running >= most)
                {
                    return new RateRefusal("concurrent_requests", $"This key may have {most} {(most == 1 ? "request" : "requests")} answered at once.", ConcurrentRetry);
                }

                if (generates && limits.TokensPerMinute is { } tokens && _tokens.Wait(1, tokens) is { } empty)
                {
                    return new RateRefusal("tokens_per_minute", $"This key may use {tokens} tokens a minute.", empty);
                }

                if (limits.RequestsPerMinute is { } requests && !_requests.TryTake(1, requests, out TimeSpan wait))
                {
                    return new RateRefusal("requests_per_minute", $"This key may make {requests} {(requests == 1 ? "request" : "requests")} a minute.", wait);
                }

                if (generates)
                {
                    _running++;
                }

                ticket = new RateTicket(generates ? this : null, limits)
                {
                    RemainingRequests = limits.RequestsPerMinute is { } perMinute ? _requests.Left(perMinute) : null,
                    RemainingTokens = limits.TokensPerMinute is { } most2 ? _tokens.Left(most2) : null,
                };
                return null;
            }
        }

        public RateRefusal? Take(int tokens, int perMinute)
        {
            lock (_gate)
            {
                // One request above the minute's amount could never run; it takes the whole of it.
                return _tokens.TryTake(Math.Min(tokens, perMinute), perMinute, out TimeSpan wait)
                    ? null
                    : new RateRefusal("tokens_per_minute", $"This key may use {perMinute} tokens a minute, and this request may use {tokens}.", wait);
            }
        }

        public void Give(double tokens, int perMinute)
        {
            lock (_gate)
            {
                _tokens.Give(tokens, perMinute);
            }
        }

        public void Ended()
        {
            lock (_gate)
            {
                _running--;
            }
        }
    }

    /// <summary>What may still be taken of a minute's amount; fills evenly.</summary>
    private sealed class Bucket(TimeProvider clock)
    {
        private double _taken;
        private long _at = clock.GetTimestamp();
        private double _perMinute;

        public bool IsFull
        {
            get
            {
                Fill(_perMinute);
                return _taken <= 0;
            }
        }

        public bool TryTake(double amount, int perMinute, out TimeSpan wait)
        {
            TimeSpan? until = Wait(amount, perMinute);
            wait = until ?? TimeSpan.Zero;
            if (until is null)
            {
                _taken += amount;
            }

            return until is null;
        }

        /// <summary>How long until <paramref name="amount"/> is there; null when it is.</summary>
        public TimeSpan? Wait(double amount, int perMinute)
        {
            Fill(perMinute);
            // Room for rounding: what fills in 60 s has filled then.
            double missing = _taken + amount - perMinute;
            return missing <= 1e-6 * perMinute ? null : TimeSpan.FromSeconds(missing * 60 / perMinute);
        }

        public void Give(double amount, int perMinute)
        {
            Fill(perMinute);
            _taken = Math.Max(0, _taken - amount);
        }

        public long Left(int perMinute)
        {
            Fill(perMinute);
            return (long)Math.Max(0, Math.Floor(perMinute - _taken));
        }

        private void Fill(double perMinute)
        {
            long now = clock.GetTimestamp();
            _taken = Math.Max(0, _taken - clock.GetElapsedTime(_at, now).TotalSeconds * perMinute / 60);
            _at = now;
            _perMinute = perMinute;
        }
    }
}

/// <summary>An admitted request. Disposed when it has ended.</summary>
public sealed class RateTicket : IDisposable
{
    private readonly KeyRateLimits.Counts? _counts;
    private readonly KeyLimits _limits;
    private int _ended;

    internal RateTicket(KeyRateLimits.Counts? counts, KeyLimits limits)
    {
        _counts = counts;
        _limits = limits;
        Allowance = counts is not null && limits.TokensPerMinute is { } perMinute ? new TokenAllowance(counts, perMinute) : null;
    }

    /// <summary>The key's tokens; null without a limit.</summary>
    public TokenAllowance? Allowance { get; }

    /// <summary>Requests that may still be made at once; null without a limit.</summary>
    public long? RemainingRequests { get; internal init; }

    /// <summary>Tokens that may still be used at once; null without a limit.</summary>
    public long? RemainingTokens { get; internal init; }

    internal KeyLimits Limits => _limits;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            _counts?.Ended();
        }
    }
}

/// <summary>The tokens of one request of a key that has a limit on them: taken before it runs at their most, and what was not used is given back.</summary>
public sealed class TokenAllowance
{
    private readonly KeyRateLimits.Counts _counts;
    private readonly int _perMinute;
    private int _taken;

    internal TokenAllowance(KeyRateLimits.Counts counts, int perMinute)
    {
        _counts = counts;
        _perMinute = perMinute;
    }

    /// <summary>Takes the most that the request can use; what is wrong when that is not there.</summary>
    public RateRefusal? Take(int tokens)
    {
        RateRefusal? refusal = _counts.Take(tokens, _perMinute);
        if (refusal is null)
        {
            _taken = Math.Min(tokens, _perMinute);
        }

        return refusal;
    }

    /// <summary>The request has ended and used <paramref name="tokens"/>. Counts once.</summary>
    public void Settle(int tokens)
    {
        int taken = Interlocked.Exchange(ref _taken, 0);
        if (taken > 0)
        {
            _counts.Give(taken - tokens, _perMinute);
        }
    }
}
