using FsCheck;
using FsCheck.Fluent;
using GreenTune.Core.Contracts;
using GreenTune.ServiceDefaults.Access;

namespace GreenTune.ServiceDefaults.Tests.Access;

public sealed class KeyRateLimitsTests
{
    private readonly FakeTime _clock = new();

    private static KeyIdentity Key(int? requests = null, int? tokens = null, int? concurrent = null) => new()
    {
        Id = Guid.NewGuid(),
        Name = "client",
        Tenant = "team",
        Role = AccessRole.Use,
        Limits = new KeyLimits { RequestsPerMinute = requests, TokensPerMinute = tokens, Concurrent = concurrent },
    };

    [Fact]
    public void A_key_without_limits_is_not_counted()
    {
        var limits = new KeyRateLimits(_clock);
        Assert.Null(limits.Admit(Key(), generates: true, out RateTicket? ticket));
        Assert.Null(ticket);
    }

    [Fact]
    public void Requests_may_come_at_once_up_to_the_minutes_number_and_then_evenly()
    {
        var limits = new KeyRateLimits(_clock);
        KeyIdentity key = Key(requests: 6);
        for (int i = 5; i >= 0; i--)
        {
            Assert.Null(limits.Admit(key, false, out RateTicket? ticket));
            Assert.Equal(i, ticket!.RemainingRequests);
        }

        RateRefusal refusal = limits.Admit(key, false, out _)!;
        Assert.Equal(("requests_per_minute", 10.0), (refusal.Code, Math.Round(refusal.RetryAfter.TotalSeconds, 6)));
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(limits.Admit(key, false, out _));
        Assert.NotNull(limits.Admit(key, false, out _));
        // Another key has its own.
        Assert.Null(limits.Admit(Key(requests: 6), false, out _));
    }

    [Fact]
    public void Only_so_many_run_at_once_and_one_that_ends_makes_room_once()
    {
        var limits = new KeyRateLimits(_clock);
        KeyIdentity key = Key(concurrent: 2);
        Assert.Null(limits.Admit(key, true, out RateTicket? first));
        Assert.Null(limits.Admit(key, true, out _));
        Assert.Equal("concurrent_requests", limits.Admit(key, true, out _)!.Code);
        // What makes no model answer is no matter.
        Assert.Null(limits.Admit(key, false, out _));
        first!.Dispose();
        first.Dispose();
        Assert.Null(limits.Admit(key, true, out _));
        Assert.NotNull(limits.Admit(key, true, out _));
    }

    [Fact]
    public void Tokens_are_taken_at_their_most_and_given_back_when_they_were_not_used()
    {
        var limits = new KeyRateLimits(_clock);
        KeyIdentity key = Key(tokens: 600);
        Assert.Null(limits.Admit(key, true, out RateTicket? first));
        Assert.Null(first!.Allowance!.Take(500));
        Assert.Null(limits.Admit(key, true, out RateTicket? second));
        Assert.Equal(100, second!.RemainingTokens);
        RateRefusal refusal = second.Allowance!.Take(200)!;
        Assert.Equal(("tokens_per_minute", 10.0), (refusal.Code, Math.Round(refusal.RetryAfter.TotalSeconds, 6)));
        first.Allowance.Settle(100);
        first.Allowance.Settle(0);
        Assert.Null(second.Allowance.Take(500));
        Assert.Equal("tokens_per_minute", limits.Admit(key, true, out _)!.Code);
        // One request above the minute's number takes all of it, or it could never run.
        second.Allowance.Settle(0);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(limits.Admit(key, true, out RateTicket? third));
        Assert.Null(third!.Allowance!.Take(10_000));
    }

    [Fact]
    public void In_any_hour_no_more_pass_than_the_rate_and_one_minutes_number() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(50),
        Prop.ForAll((from rate in Gen.Choose(1, 30) from gaps in Gen.Choose(0, 20).ListOf(400) select (rate, gaps)).ToArbitrary(), run =>
        {
            var clock = new FakeTime();
            var limits = new KeyRateLimits(clock);
            KeyIdentity key = Key(requests: run.rate);
            int passed = 0;
            double seconds = 0;
            foreach (int gap in run.gaps)
            {
                clock.Advance(TimeSpan.FromSeconds(gap));
                seconds += gap;
                passed += limits.Admit(key, false, out _) is null ? 1 : 0;
            }

            return passed <= run.rate + seconds * run.rate / 60 + 1e-3;
        }));
}
