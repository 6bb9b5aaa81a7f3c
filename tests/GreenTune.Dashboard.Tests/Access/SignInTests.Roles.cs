using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Access;

namespace GreenTune.Dashboard.Tests.Access;

/// <summary>What each role is offered, as the server's first answer has it.</summary>
public sealed partial class SignInTests
{
    [Theory]
    [InlineData(AccessRole.Operate)]
    [InlineData(AccessRole.Admin)]
    public async Task Pages_that_take_the_role_admin_are_closed_to_others_with_the_reason(AccessRole role)
    {
        await using var world = await StartAsync();
        (await world.SignInAsync(world.Add(Desk with { Id = Guid.NewGuid(), Role = role }), "/")).Dispose();
        foreach (var (path, title) in ((string, string)[])[("keys", "Access keys"), ("webhooks", "Webhooks")])
        {
            using var page = await world.GetAsync("/" + path, "text/html");
            var html = await page.Content.ReadAsStringAsync();
            Assert.Contains($"<h1 tabindex=\"-1\">{title}</h1>", html);
            var closed = role < AccessRole.Admin;
            Assert.Equal(closed, html.Contains("data-panel=\"forbidden\"", StringComparison.Ordinal));
            Assert.Equal(closed, html.Contains($"data-closed=\"{path}\"", StringComparison.Ordinal));
            Assert.Equal(!closed, html.Contains($"href=\"{path}?edit=new\"", StringComparison.Ordinal) || html.Contains($"/{path}?edit=new\"", StringComparison.Ordinal));
            Assert.Equal(closed, html.Contains("whose role is operate", StringComparison.Ordinal));
            // Keys are on here: how to switch them on is of no use.
            Assert.DoesNotContain("data-panel=\"access-off\"", html);
            Assert.Contains("href=\"carbon\"", html);
        }

        Assert.Equal(role < AccessRole.Admin ? "needs the role admin" : null, AdminOnly.Closed(UserOf(role)));
    }

    private static SignedIn UserOf(AccessRole role)
    {
        var user = new SignedIn();
        user.Set(SignedIn.PrincipalOf(Desk with { Role = role }));
        return user;
    }
}
