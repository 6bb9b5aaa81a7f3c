using System.Diagnostics;

namespace GreenTune.EndToEnd.Tests.Running;

/// <summary>Waits for something that happens in its own time.</summary>
internal static class Eventually
{
    /// <summary>The first value that is not null.</summary>
    public static async Task<T> GetAsync<T>(Func<Task<T?>> look, string what, TimeSpan? atMost = null)
        where T : class
    {
        var watch = Stopwatch.StartNew();
        TimeSpan limit = atMost ?? TimeSpan.FromSeconds(60);
        while (true)
        {
            if (await look() is { } found)
            {
                return found;
            }

            Assert.True(watch.Elapsed < limit, $"{what}: not within {limit.TotalSeconds:0} s.");
            await Task.Delay(100);
        }
    }
}
