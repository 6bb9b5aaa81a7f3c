using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Shell;
using GreenTune.Dashboard.Tests.FakeBackend;

namespace GreenTune.Dashboard.Tests.Shell;

public sealed class PaletteEntriesTests
{
    private static readonly SampleWorld World = SampleWorld.Busy(new ManualClock(SampleWorld.Morning));

    [Fact]
    public void With_nothing_typed_the_pages_come_first() => Assert.Equal(["Overview", "Requests", "Playground"], Find("").Take(3).Select(e => e.Text));

    [Fact]
    public void Words_are_found_in_any_order_and_case() => Assert.Equal("New budget", Find("BUD new")[0].Text);

    [Fact]
    public void A_tenant_is_switched_to() => Assert.Contains(Find("team-sup"), e => e.Tenant == "team-support");

    [Fact]
    public void A_record_is_found_by_its_id_known_or_not()
    {
        var id = World.Records[2].Record.Id;
        Assert.Equal("requests?record=" + id, Assert.Single(Find(id)).Href);
        Assert.Equal("requests?record=chatcmpl-unknown77", Assert.Single(Find("chatcmpl-unknown77")).Href);
        Assert.Empty(Find("nothing at all like this"));
    }

    [Fact]
    public void Pages_that_take_the_role_admin_are_for_those_who_have_it()
    {
        Assert.Equal(["keys", "keys?edit=new"], Find("key").Where(e => e.Kind is "page" or "action").Select(e => e.Href));
        Assert.DoesNotContain(PaletteEntries.Find("key", [], [], [], LocalTimes.ForZone("Etc/UTC"), admin: false), e => e.Kind is "page" or "action");
    }

    private static IReadOnlyList<PaletteEntry> Find(string text) => PaletteEntries.Find(text, [], World.Tenants, [.. World.Records.Take(8)], LocalTimes.ForZone("Etc/UTC"), admin: true);
}
