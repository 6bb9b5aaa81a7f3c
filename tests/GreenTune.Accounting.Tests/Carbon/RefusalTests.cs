using System.Net;
using System.Text.Json;
using GreenTune.Accounting.Tests.Hosting;

namespace GreenTune.Accounting.Tests.Carbon;

/// <summary>Malformed restatements, reports and exports, each refused by what is wrong.</summary>
public sealed class RefusalTests(SharedHost shared) : IClassFixture<SharedHost>
{
    [Theory]
    [InlineData("""{"from":"2026-11-19T09:30:00Z","to":"2026-11-19T11:00:00Z","by":"me","why":"because of it","factors":"latest"}""", "from")]
    [InlineData("""{"from":"2026-11-19T09:00:00Z","to":"2026-11-19T08:00:00Z","by":"me","why":"because of it"}""", "to")]
    [InlineData("""{"from":"2026-11-19T09:00:00Z","to":"2026-12-19T08:00:00Z","by":"me","why":"because of it"}""", "to")]
    [InlineData("""{"from":"2026-11-19T09:00:00Z","to":"2026-11-19T11:00:00Z","by":"","why":"because of it"}""", "by")]
    [InlineData("""{"from":"2026-11-19T09:00:00Z","to":"2026-11-19T11:00:00Z","by":"me","why":"no"}""", "why")]
    [InlineData("""{"from":"2026-11-19T09:00:00Z","to":"2026-11-19T11:00:00Z","by":"me","why":"because of it","factors":"guess"}""", "factors")]
    [InlineData("""{"from":"2026-11-19T09:00:00Z","to":"2026-11-19T11:00:00Z","by":"me","why":"because of it","factors":"keep"}""", "pue")]
    [InlineData("""{"from":"2026-11-19T09:00:00Z","to":"2026-11-19T11:00:00Z","by":"me","why":"because of it","pue":0.5}""", "pue")]
    [InlineData("""{"from":"2026-11-19T09:00:00Z","to":"2026-11-19T11:00:00Z","by":"me","why":"because of it","factors":"stated","source":"them"}""", "intensityGramsPerKwh")]
    [InlineData("""{"from":"2026-11-19T09:00:00Z","to":"2026-11-19T11:00:00Z","by":"me","why":"because of it","factors":"stated","intensityGramsPerKwh":9}""", "source")]
    [InlineData("""{"from":"2026-11-19T09:00:00Z","to":"2026-11-19T11:00:00Z","by":"me","why":"because of it","intensityGramsPerKwh":9}""", "intensityGramsPerKwh")]
    public async Task What_cannot_be_restated_is_refused_by_field(string body, string field)
    {
        JsonElement problem = await shared.Host.RefusedAsync(HttpMethod.Post, "/api/carbon/restatements", body, HttpStatusCode.BadRequest);
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Theory]
    [InlineData("sci", "", "from")]
    [InlineData("sci", "from=yesterday", "from")]
    [InlineData("sci", "from=2026-11-19T09:00:00Z&to=2026-11-18T09:00:00Z", "to")]
    [InlineData("sci", "from=2026-11-19T09:00:00Z&per=clicks", "per")]
    [InlineData("scope2", "from=2026-11-19T09:00:00Z&by=year", "by")]
    [InlineData("scope2", "from=2026-11-19T09:00:00Z&format=pdf", "format")]
    [InlineData("scope2", "from=1990-11-19T09:00:00Z", "to")]
    public async Task Malformed_reports_are_refused_by_parameter(string report, string query, string field)
    {
        JsonElement problem = await shared.Host.RefusedAsync(HttpMethod.Get, $"/api/reports/{report}?{query}", null, HttpStatusCode.BadRequest);
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Theory]
    [InlineData("format=xlsx", "format")]
    [InlineData("as=new", "as")]
    [InlineData("gzip=yes", "gzip")]
    [InlineData("outcome=lost", "outcome")]
    [InlineData("tenants=a", "tenants")]
    public async Task A_malformed_export_is_refused_before_anything_is_sent(string query, string field)
    {
        JsonElement problem = await shared.Host.RefusedAsync(HttpMethod.Get, $"/api/exports/records?{query}", null, HttpStatusCode.BadRequest);
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }
}
