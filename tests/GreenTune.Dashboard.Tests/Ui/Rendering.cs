using GreenTune.Dashboard.Access;
using GreenTune.Dashboard.Shell;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.JSInterop;

namespace GreenTune.Dashboard.Tests.Ui;

/// <summary>Renders a component to HTML as the server's first answer has it; scripts are never called there.</summary>
internal static class Rendering
{
    public static async Task<string> HtmlOfAsync<TComponent>(Dictionary<string, object?> parameters)
        where TComponent : IComponent
    {
        var clock = new ManualClock();
        await using var services = new ServiceCollection()
            .AddSingleton<TimeProvider>(clock)
            .AddSingleton<IJSRuntime>(new NoScript())
            .AddScoped<BrowserSession>()
            .AddScoped<SignedIn>()
            .AddLogging()
            .BuildServiceProvider();
        services.GetRequiredService<BrowserSession>().Begin(new ShellPreferences(null, "Etc/UTC"));
        await using var renderer = new HtmlRenderer(services, NullLoggerFactory.Instance);
        return await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<TComponent>(ParameterView.FromDictionary(parameters))).ToHtmlString());
    }

    public static RenderFragment Text(string text) => builder => builder.AddContent(0, text);

    private sealed class NoScript : IJSRuntime
    {
        public ValueTask<TValue> InvokeAsync<TValue>(string identifier, object?[]? args) => throw new InvalidOperationException("There is no browser.");

        public ValueTask<TValue> InvokeAsync<TValue>(string identifier, CancellationToken cancellationToken, object?[]? args) => InvokeAsync<TValue>(identifier, args);
    }
}
