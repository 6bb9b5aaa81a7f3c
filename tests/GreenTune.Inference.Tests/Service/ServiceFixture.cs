using GreenTune.Inference.Tests.Service;

[assembly: AssemblyFixture(typeof(ServiceFixture))]

namespace GreenTune.Inference.Tests.Service;

/// <summary>One running service for all tests that do not change how it works.</summary>
public sealed class ServiceFixture : IAsyncLifetime
{
    internal InferenceService Service { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Service = await InferenceService.StartAsync();

    public ValueTask DisposeAsync() => Service.DisposeAsync();
}
