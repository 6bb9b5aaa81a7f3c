using System.ClientModel;
using System.ClientModel.Primitives;
using GreenTune.Core.Contracts;
using OpenAI;
using OpenAI.Chat;

namespace GreenTune.EndToEnd.Tests.Running;

/// <summary>OpenAI's own client at GreenTune's address, as the README shows it, with a tenant's header.</summary>
internal static class Chats
{
    public static ChatClient Client(GreenTuneProcess product, string model, string? tenant = null, string key = "none")
    {
        var options = new OpenAIClientOptions { Endpoint = new Uri(product.Inference.BaseAddress!, "v1"), RetryPolicy = new ClientRetryPolicy(0), NetworkTimeout = TimeSpan.FromMinutes(2) };
        if (tenant is not null)
        {
            options.AddPolicy(new TenantHeader(tenant), PipelinePosition.PerCall);
        }

        return new ChatClient(model, new ApiKeyCredential(key), options);
    }

    /// <summary>Asks and returns the answer with the id of its record.</summary>
    public static async Task<ChatCompletion> AskAsync(this ChatClient client, string prompt, int maxTokens = 64) =>
        await client.CompleteChatAsync([new UserChatMessage(prompt)], new ChatCompletionOptions { MaxOutputTokenCount = maxTokens });

    private sealed class TenantHeader(string tenant) : PipelinePolicy
    {
        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            message.Request.Headers.Set(Headers.Tenant, tenant);
            ProcessNext(message, pipeline, currentIndex);
        }

        public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            message.Request.Headers.Set(Headers.Tenant, tenant);
            return ProcessNextAsync(message, pipeline, currentIndex);
        }
    }
}
