using System.Diagnostics;

namespace GreenTune.Inference.Tests;

/// <summary>Waits for something that happens in its own time.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan? atMost = null)
    {
        var watch = Stopwatch.StartNew();
        TimeSpan limit = atMost ?? TimeSpan.FromSeconds(30);
        while (!await condition())
        {
            Assert.True(watch.Elapsed < limit, $"It did not happen within {limit.TotalSeconds:0} s.");
            await Task.Delay(25);
        }
    }

    public static Task TrueAsync(Func<bool> condition, TimeSpan? atMost = null) => TrueAsync(() => Task.FromResult(condition()), atMost);
}
