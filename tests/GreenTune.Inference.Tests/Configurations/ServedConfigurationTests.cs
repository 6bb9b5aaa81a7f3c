using GreenTune.Core.Contracts;
using GreenTune.Inference.Configurations;
using GreenTune.Inference.Engine;
using GreenTune.Inference.Tests.Engine;

namespace GreenTune.Inference.Tests.Configurations;

/// <summary>A configuration that comes and goes while requests look for it.</summary>
public sealed class ServedConfigurationTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_claimed_load_is_undone_when_the_claim_has_been_served()
    {
        ServedConfiguration configuration = Configuration();
        configuration.Ready(Loaded());
        IDisposable claim = configuration.ClaimLoad();
        IDisposable second = configuration.ClaimLoad();

        Task unloaded = configuration.UnloadUnclaimedAsync();
        claim.Dispose();
        Assert.False(unloaded.IsCompleted);
        Assert.Equal(ConfigurationState.Ready, configuration.Stage);

        second.Dispose();
        await unloaded.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(ConfigurationState.Unloaded, configuration.Stage);
        Assert.Null(configuration.Loaded);
    }

    [Fact]
    public async Task Who_waits_is_loaded_for_however_often_it_is_unloaded_meanwhile()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        ServedConfiguration configuration = Configuration();
        var registry = new ConfigurationRegistry([configuration]);
        configuration.Unload();
        LoadedConfiguration loaded = Loaded();

        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task loader = Task.Run(
            async () =>
            {
                // It is always pushed out again at once.
                await foreach (ServedConfiguration asked in registry.Added.ReadAllAsync(done.Token))
                {
                    asked.Ready(loaded);
                    await asked.UnloadUnclaimedAsync();
                }
            },
            cancellation);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            async () =>
            {
                for (int i = 0; i < 2_000; i++)
                {
                    using IDisposable claim = configuration.ClaimLoad();
                    await configuration.ReadyAsync(cancellation).WaitAsync(Patience, cancellation);
                    Assert.Same(loaded, configuration.Loaded);
                }
            },
            cancellation)));
        await done.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loader);
    }

    [Fact]
    public async Task Who_waits_in_vain_is_told_why()
    {
        ServedConfiguration configuration = Configuration();
        Task<LoadedConfiguration> waiting = configuration.ReadyAsync(TestContext.Current.CancellationToken);
        configuration.Unload("there is no room");
        ConfigurationFailedException error = await Assert.ThrowsAsync<ConfigurationFailedException>(() => waiting);
        Assert.Contains("there is no room", error.Message, StringComparison.Ordinal);
        Assert.Equal("there is no room", configuration.Error);
    }

    private static ServedConfiguration Configuration() =>
        new("greentune-nano-int4", "greentune-nano", "int4", "cpu", (_, _) => throw new NotSupportedException());

    private static LoadedConfiguration Loaded() => new("greentune-nano-int4", new FakeRunner(), null!, SamplingSettings.Greedy, 1, 1);
}
