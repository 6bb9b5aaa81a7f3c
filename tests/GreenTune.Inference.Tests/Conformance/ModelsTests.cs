using System.Net;
using System.Text.Json;
using OpenAI;
using OpenAI.Models;

namespace GreenTune.Inference.Tests.Conformance;

[Collection(nameof(ScriptedService))]
public sealed class ModelsTests(ScriptedService service)
{
    [Fact]
    public async Task The_list_names_what_a_request_may_name()
    {
        OpenAIModelCollection models = await Models().GetModelsAsync();
        Assert.Equal(["auto", "greentune-nano", ScriptedService.ToolModel, ScriptedService.Model], models.Select(model => model.Id));
        Assert.All(models, model =>
        {
            Assert.Equal("greentune", model.OwnedBy);
            Assert.InRange(DateTimeOffset.UtcNow - model.CreatedAt, TimeSpan.FromSeconds(-1), TimeSpan.FromHours(1));
        });
    }

    [Fact]
    public async Task One_model_is_retrieved_by_its_id()
    {
        OpenAIModel model = await Models().GetModelAsync(ScriptedService.Model);
        Assert.Equal(ScriptedService.Model, model.Id);
    }

    [Theory]
    [InlineData("somebody/some-model")]
    [InlineData("somebody%2Fsome-model")]
    [InlineData("base:adapter")]
    [InlineData("a/b:c/d")]
    public async Task An_id_with_slashes_and_colons_is_looked_up_as_it_is(string id)
    {
        using HttpResponseMessage response = await service.Http.GetAsync(new Uri($"v1/models/{id}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        string message = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetProperty("message").GetString()!;
        Assert.Contains($"'{id.Replace("%2F", "/", StringComparison.Ordinal)}'", message, StringComparison.Ordinal);
    }

    private OpenAIModelClient Models() => new(new System.ClientModel.ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(service.Http.BaseAddress!, "v1") });
}
