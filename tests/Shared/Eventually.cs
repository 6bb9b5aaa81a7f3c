using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GreenTune.Tests;

/// <summary>Waits for something that happens in its own time.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan? atMost = null, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        var watch = Stopwatch.StartNew();
        TimeSpan limit = atMost ?? Patience;
        while (!await condition())
        {
            Assert.True(watch.Elapsed < limit, $"It did not happen within {limit.TotalSeconds:0} s: {what}");
            await Task.Delay(25);
        }
    }

    public static Task TrueAsync(Func<bool> condition, TimeSpan? atMost = null, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        TrueAsync(() => Task.FromResult(condition()), atMost, what);

    /// <summary>The first value that is not null.</summary>
    public static async Task<T> GetAsync<T>(Func<Task<T?>> look, TimeSpan? atMost = null, [CallerArgumentExpression(nameof(look))] string what = "")
        where T : class
    {
        T? found = null;
        await TrueAsync(async () => (found = await look()) is not null, atMost, what);
        return found!;
    }
}
