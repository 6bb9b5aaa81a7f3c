using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Tests.Service;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenAI.Chat;

namespace GreenTune.Inference.Tests.Access;

/// <summary>Prompts and answers are nobody's business but the client's: none is kept, and there is no switch that keeps them.</summary>
public sealed class PrivacyTests
{
    private const string Configuration = "greentune-nano-fp32";
    private const string Secret = "ZEBRA-91-MARMALADE";

    [Fact]
    public async Task Nothing_of_a_prompt_or_an_answer_is_in_files_records_spans_or_logs()
    {
        var kept = new ConcurrentQueue<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name.StartsWith("GreenTune", StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                kept.Enqueue($"{activity.DisplayName} {activity.StatusDescription} {string.Join(' ', activity.TagObjects.Select(tag => $"{tag.Key}={tag.Value}"))} "
                    + string.Join(' ', activity.Events.SelectMany(one => one.Tags.Select(tag => $"{one.Name} {tag.Key}={tag.Value}"))));
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using InferenceService service = await InferenceService.StartAsync(
            services => services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(new Lines(kept))), null, true,
            ("Inference:Configurations:0", Configuration), ("Inference:DefaultConfiguration", Configuration), ("Logging:LogLevel:Default", "Trace"));
        ChatClient client = service.Chat(Configuration, "private");
        // Run on past its end, so that the answer is long enough not to be found by chance.
        using HttpResponseMessage response = await service.Http.PostAsJsonAsync("v1/chat/completions", new
        {
            model = Configuration,
            messages = new[] { new { role = "system", content = $"You keep {Secret}." }, new { role = "user", content = $"Say {Secret}." } },
            max_tokens = 40,
            temperature = 0,
            ignore_eos = true,
            stop = new[] { Secret },
        });
        using JsonDocument completion = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        string answer = completion.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
        await Eventually.TrueAsync(() => !service.Accounting.Records.IsEmpty);
        // The end of a stream, and a request that fails, leave no more.
        await foreach (StreamingChatCompletionUpdate _ in client.CompleteChatStreamingAsync([new UserChatMessage(Secret)], new ChatCompletionOptions { MaxOutputTokenCount = 4 }))
        {
        }

        await Assert.ThrowsAnyAsync<Exception>(() => client.CompleteChatAsync([new UserChatMessage(Secret + new string('x', 40_000))]));
        await Eventually.TrueAsync(() => service.Accounting.Records.Count >= 2);

        foreach (RequestRecord record in service.Accounting.Records.Values)
        {
            kept.Enqueue(JsonSerializer.Serialize(record, ContractJson.Options));
        }

        Assert.Contains(kept, line => line.Contains(Configuration, StringComparison.Ordinal));
        foreach (string file in Directory.EnumerateFiles(service.DataFolder, "*", SearchOption.AllDirectories))
        {
            kept.Enqueue(await TextAsync(file));
        }

        Assert.All(kept, line => Assert.DoesNotContain(Secret, line, StringComparison.Ordinal));
        string sample = answer.Trim();
        Assert.True(sample.Length >= 20, $"The answer is too short to look for: '{sample}'");
        Assert.All(kept, line => Assert.DoesNotContain(sample[..20], line, StringComparison.Ordinal));
    }

    /// <summary>By another program, which does not heed that the service has the file for itself.</summary>
    private static async Task<string> TextAsync(string file)
    {
        using Process cat = Process.Start(new ProcessStartInfo("cat", [file]) { RedirectStandardOutput = true, StandardOutputEncoding = Encoding.Latin1 })!;
        string text = await cat.StandardOutput.ReadToEndAsync();
        await cat.WaitForExitAsync();
        return text;
    }

    private sealed class Lines(ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
