using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace GreenTune.ServiceDefaults.Tests.Errors;

public sealed class ProblemTests
{
    public sealed record Budget(string Name, double Limit);

    private static Task<TestService> StartAsync(string environment = "Production", params KeyValuePair<string, string?>[] settings)
        => TestService.StartAsync(
            app =>
            {
                app.MapPost("/api/budgets", (Budget budget) => budget.Name);
                app.MapGet("/api/fails", string () => throw new InvalidOperationException("a secret of the house"));
                app.MapGet("/api/items/{id:int}", (int id) => id);
                app.MapGet("/api/conflict", () => TypedResults.Problem(statusCode: 409, detail: "The version is old."));
                app.MapGet("/v1/nothing", () => TypedResults.Json(new { error = new { message = "There is nothing." } }, statusCode: StatusCodes.Status404NotFound));
            },
            settings: settings,
            listen: true,
            environment: environment);

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        return problem;
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    [Theory]
    [InlineData("Production")]
    [InlineData("Development")]
    public async Task Malformed_json_is_a_400_that_says_where(string environment)
    {
        await using var service = await StartAsync(environment);
        using var response = await service.Client.PostAsync("/api/budgets", Json("{ \"name\": \"a\", \"limit\": 1"));
        var problem = await ProblemAsync(response, HttpStatusCode.BadRequest);
        Assert.Contains("not the JSON that this call expects", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("line 1", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.False(problem.TryGetProperty("exception", out _));
    }

    [Fact]
    public async Task A_field_of_the_wrong_type_is_named()
    {
        await using var service = await StartAsync();
        using var response = await service.Client.PostAsync("/api/budgets", Json("{ \"name\": \"a\", \"limit\": \"much\" }"));
        Assert.Contains("$.limit", (await ProblemAsync(response, HttpStatusCode.BadRequest)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_body_is_a_400()
    {
        await using var service = await StartAsync();
        using var response = await service.Client.PostAsync("/api/budgets", Json(string.Empty));
        Assert.NotEmpty((await ProblemAsync(response, HttpStatusCode.BadRequest)).GetProperty("detail").GetString()!);
    }

    [Fact]
    public async Task A_body_that_is_not_json_by_its_type_is_a_415()
    {
        await using var service = await StartAsync();
        using var response = await service.Client.PostAsync("/api/budgets", new StringContent("name=a"));
        Assert.Contains("application/json", (await ProblemAsync(response, HttpStatusCode.UnsupportedMediaType)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_over_the_limit_is_a_413_that_names_the_option(bool chunked)
    {
        await using var service = await StartAsync(settings: KeyValuePair.Create("Http:MaxRequestBodyBytes", (string?)"2048"));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/budgets") { Content = Json($"{{ \"name\": \"{new string('a', 5000)}\", \"limit\": 1 }}") };
        request.Headers.TransferEncodingChunked = chunked;
        using var response = await service.Client.SendAsync(request);
        var detail = (await ProblemAsync(response, HttpStatusCode.RequestEntityTooLarge)).GetProperty("detail").GetString();
        Assert.Contains("2048 bytes", detail, StringComparison.Ordinal);
        Assert.Contains("Http:MaxRequestBodyBytes", detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_under_the_default_limit_is_taken()
    {
        await using var service = await StartAsync();
        using var response = await service.Client.PostAsync("/api/budgets", Json($"{{ \"name\": \"{new string('a', 4_000_000)}\", \"limit\": 1 }}"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("Production")]
    [InlineData("Development")]
    public async Task An_exception_is_a_500_that_tells_the_client_nothing_of_it(string environment)
    {
        await using var service = await StartAsync(environment);
        using var response = await service.Client.GetAsync("/api/fails");
        var problem = await ProblemAsync(response, HttpStatusCode.InternalServerError);
        Assert.NotEmpty(problem.GetProperty("traceId").GetString()!);
        Assert.Contains("trace id", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(-1, problem.ToString().IndexOf("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_unknown_path_is_a_404_with_the_path()
    {
        await using var service = await StartAsync();
        using var response = await service.Client.GetAsync("/api/nothing");
        Assert.Equal("/api/nothing", (await ProblemAsync(response, HttpStatusCode.NotFound)).GetProperty("instance").GetString());
    }

    [Fact]
    public async Task The_wrong_method_is_a_405_that_says_which_ones_are_right()
    {
        await using var service = await StartAsync();
        using var response = await service.Client.DeleteAsync("/api/items/3");
        Assert.Contains("GET", (await ProblemAsync(response, HttpStatusCode.MethodNotAllowed)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_problem_that_the_service_wrote_keeps_its_detail()
    {
        await using var service = await StartAsync();
        using var response = await service.Client.GetAsync("/api/conflict");
        Assert.Equal("The version is old.", (await ProblemAsync(response, HttpStatusCode.Conflict)).GetProperty("detail").GetString());
    }

    [Fact]
    public async Task An_error_that_has_an_envelope_of_its_own_keeps_it()
    {
        await using var service = await StartAsync();
        using var response = await service.Client.GetAsync("/v1/nothing");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("""{"error":{"message":"There is nothing."}}""", await response.Content.ReadAsStringAsync());
    }
}
