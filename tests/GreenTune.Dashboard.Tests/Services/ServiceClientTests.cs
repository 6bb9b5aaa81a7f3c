using System.Net;
using GreenTune.Dashboard.Services;

namespace GreenTune.Dashboard.Tests.Services;

public sealed class ServiceClientTests
{
    [Theory]
    [InlineData(HttpStatusCode.NotFound, ServiceFailure.NotFound)]
    [InlineData(HttpStatusCode.Conflict, ServiceFailure.Conflict)]
    [InlineData(HttpStatusCode.BadRequest, ServiceFailure.Invalid)]
    [InlineData(HttpStatusCode.ServiceUnavailable, ServiceFailure.Unreachable)]
    [InlineData(HttpStatusCode.InternalServerError, ServiceFailure.Failed)]
    public async Task A_status_becomes_a_failure_with_the_services_own_words(HttpStatusCode status, ServiceFailure failure)
    {
        var client = new AccountingClient(StubHandler.Client(status, """{"detail":"The database is locked."}""", "application/problem+json"));
        var e = await Assert.ThrowsAsync<ServiceException>(() => client.GetTenantsAsync(CancellationToken.None));
        Assert.Equal((failure, "The database is locked."), (e.Failure, e.Message));
    }

    [Fact]
    public async Task A_status_without_words_is_named()
    {
        var client = new AccountingClient(StubHandler.Client(HttpStatusCode.InternalServerError, ""));
        var e = await Assert.ThrowsAsync<ServiceException>(() => client.GetTenantsAsync(CancellationToken.None));
        Assert.Contains("Accounting answered 500", e.Message);
    }

    [Fact]
    public async Task Nobody_at_the_address_is_unreachable()
    {
        var client = new InferenceClient(StubHandler.Client(_ => throw new HttpRequestException("refused")));
        var e = await Assert.ThrowsAsync<ServiceException>(() => client.GetDevicesAsync(CancellationToken.None));
        Assert.Equal((ServiceFailure.Unreachable, "Inference does not answer."), (e.Failure, e.Message));
    }

    [Fact]
    public async Task An_answer_of_another_shape_asks_about_the_versions()
    {
        var client = new AccountingClient(StubHandler.Client(HttpStatusCode.OK, """{"not":"a list"}"""));
        var e = await Assert.ThrowsAsync<ServiceException>(() => client.GetTenantsAsync(CancellationToken.None));
        Assert.Equal(ServiceFailure.Failed, e.Failure);
        Assert.Contains("same version", e.Message);
    }

    [Fact]
    public async Task Cancelling_is_not_a_failure()
    {
        var client = new AccountingClient(StubHandler.Client(_ => throw new OperationCanceledException()));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetTenantsAsync(new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task No_plan_yet_is_null_and_no_error() =>
        Assert.Null(await new InferenceClient(StubHandler.Client(HttpStatusCode.NotFound, "")).GetPlanAsync(CancellationToken.None));
}
