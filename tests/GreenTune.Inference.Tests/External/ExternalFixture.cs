using GreenTune.Inference.Tests.Service;

namespace GreenTune.Inference.Tests.External;

[CollectionDefinition(ExternalFixture.Collection)]
public sealed class ExternalTogether : ICollectionFixture<ExternalFixture>;

/// <summary>A service beside a fake upstream: one in its settings, one on the metered device, one that is away, and hosts on which more may be registered.</summary>
public sealed class ExternalFixture : IAsyncLifetime
{
    public const string Collection = "external";
    public const string Id = "fake-8b";
    public const string Metered = "fake-metered";
    public const string Away = "fake-away";
    public const string KeyVariable = "GREENTUNE_UPSTREAM_TESTS";
    public const string Key = "secret-of-the-tests";

    internal FakeUpstream Upstream { get; } = new();

    internal InferenceService Service { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Environment.SetEnvironmentVariable(KeyVariable, Key);
        await Upstream.StartAsync();
        string url = Upstream.Url.AbsoluteUri;
        Service = await InferenceService.StartAsync(settings:
        [
            ("Inference:Configurations:0", "greentune-nano-int4"),
            ("Inference:DefaultConfiguration", "greentune-nano-int4"),
            ("Inference:External:Upstreams:0:Id", Id),
            ("Inference:External:Upstreams:0:Url", url),
            ("Inference:External:Upstreams:0:Model", FakeUpstream.Model),
            ("Inference:External:Upstreams:0:ApiKeyVariable", KeyVariable),
            ("Inference:External:Upstreams:1:Id", Metered),
            ("Inference:External:Upstreams:1:Url", url),
            ("Inference:External:Upstreams:1:Model", FakeUpstream.Model),
            ("Inference:External:Upstreams:1:OnMeteredDevice", "true"),
            ("Inference:External:Upstreams:2:Id", Away),
            // Port 1 of the loopback: nothing listens there.
            ("Inference:External:Upstreams:2:Url", "http://127.0.0.1:1/v1"),
            ("Inference:External:Upstreams:2:Model", "none"),
            ("Inference:External:Allow:0", "127.0.0.1"),
            ("Inference:External:Allow:1", "*.example.com"),
            ("Inference:External:IdleSeconds", "4"),
            ("Inference:External:AnswerSeconds", "8"),
            ("Inference:External:MaxUpstreams", "5"),
        ]);
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await Upstream.DisposeAsync();
        Environment.SetEnvironmentVariable(KeyVariable, null);
    }
}
