using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Pages.Keys;
using GreenTune.Dashboard.Tests.FakeBackend;

namespace GreenTune.Dashboard.Tests.Pages.Keys;

public sealed class KeyFormTests
{
    private static readonly DateTimeOffset Now = SampleWorld.Morning;

    [Fact]
    public void A_key_without_more_is_of_the_default_tenant_may_make_requests_and_does_not_end()
    {
        var form = Filled();
        var input = form.Read(Now)!;
        Assert.Equal(("desk", Headers.DefaultTenant, AccessRole.Use, null), (input.Name, input.Tenant, input.Role, input.ExpiresAt));
        Assert.Equal(KeyLimits.None, input.Limits);
    }

    [Fact]
    public void All_mistakes_are_told_at_their_fields()
    {
        var form = KeyForm.New("");
        (form.Lifetime, form.Date, form.RequestsPerMinute, form.TokensPerMinute, form.Concurrent) = (KeyForm.OnDate, "soon", "0", "many", "1.5");
        Assert.Null(form.Read(Now));
        Assert.All(
            [KeyForm.NameField, KeyForm.TenantField, KeyForm.ExpiresField, KeyForm.RequestsField, KeyForm.TokensField, KeyForm.ConcurrentField],
            field => Assert.Contains("for example", form.ErrorOf(field)));
    }

    [Fact]
    public void It_ends_after_some_days_or_as_a_day_begins()
    {
        var form = Filled();
        form.Lifetime = "30";
        Assert.Equal(Now.AddDays(30), form.Read(Now)!.ExpiresAt);
        (form.Lifetime, form.Date) = (KeyForm.OnDate, "2027-12-31");
        Assert.Equal(new DateTimeOffset(2027, 12, 31, 0, 0, 0, TimeSpan.Zero), form.Read(Now)!.ExpiresAt);
        form.Date = "2026-11-19";
        Assert.Null(form.Read(Now));
        Assert.Contains("expired already", form.ErrorOf(KeyForm.ExpiresField));
    }

    [Fact]
    public void Limits_are_read_as_people_group_digits()
    {
        var form = Filled();
        (form.TokensPerMinute, form.RequestsPerMinute) = ("100 000", "1,200");
        Assert.Equal((100_000, 1_200, null), (form.Read(Now)!.Limits.TokensPerMinute, form.Read(Now)!.Limits.RequestsPerMinute, form.Read(Now)!.Limits.Concurrent));
    }

    [Fact]
    public void What_the_service_refuses_is_shown_at_the_field_it_names()
    {
        var form = Filled();
        form.Refuse("invalid", new Dictionary<string, string> { ["limits.concurrent"] = "too many" });
        Assert.Equal(("too many", null), (form.ErrorOf(KeyForm.ConcurrentField), form.Problem));
        form.Refuse("The database is locked.", new Dictionary<string, string>());
        Assert.Equal("The database is locked.", form.Problem);
    }

    private static KeyForm Filled()
    {
        var form = KeyForm.New(null);
        form.Name = " desk ";
        return form;
    }
}
