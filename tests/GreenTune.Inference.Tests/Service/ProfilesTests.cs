using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Tests.Service;

public sealed class ProfilesTests(ServiceFixture fixture)
{
    private HttpClient Http => fixture.Service.Http;

    [Fact]
    public async Task Profiles_are_listed_with_their_curves_at_the_lengths_asked_for()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        ConfigurationProfile[] profiles = (await Http.GetFromJsonAsync<ConfigurationProfile[]>("/api/profiles?inputTokens=64&inputTokens=256&outputTokens=32", ContractJson.Options, cancellation))!;

        Assert.All(profiles, profile => Assert.NotEmpty(profile.Loads));
        foreach (LoadProfile load in profiles.SelectMany(profile => profile.Loads).Where(load => load.Basis is not null))
            Assert.Equal([(64, 32), (256, 32)], load.Curve.Select(point => (point.InputTokens, point.OutputTokens)));
        ConfigurationProfile[] none = (await Http.GetFromJsonAsync<ConfigurationProfile[]>("/api/profiles?configurationId=nobody", ContractJson.Options, cancellation))!;
        Assert.Empty(none);
    }

    [Fact]
    public async Task A_length_out_of_range_is_400_and_named_with_an_example()
    {
        using HttpResponseMessage response = await Http.GetAsync("/api/profiles?outputTokens=0", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        JsonElement problem = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        Assert.Contains("outputTokens=256", problem.GetProperty("errors").GetProperty("outputTokens")[0].GetString(), StringComparison.Ordinal);
    }
}
