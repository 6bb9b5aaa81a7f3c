using GreenTune.Dashboard.Services;

namespace GreenTune.Dashboard.Tests.Services;

public sealed class ProblemTextTests
{
    [Fact]
    public void A_validation_problem_gives_its_messages_by_field()
    {
        var problem = ProblemText.Read("""{"title":"One or more validation errors occurred.","errors":{"Limit":["limit must be above 0.","Try 4."],"tenant":["too long"]}}""");
        Assert.Equal("limit must be above 0. Try 4.", problem.Fields["limit"]);
        Assert.Equal("too long", problem.Fields["tenant"]);
        Assert.Contains("limit must be above 0.", problem.Message);
    }

    [Fact]
    public void Detail_says_more_than_title() => Assert.Equal("Version 4 is old.", ProblemText.Read("""{"title":"Conflict","detail":"Version 4 is old."}""").Message);

    [Fact]
    public void OpenAIs_envelope_names_its_parameter()
    {
        var problem = ProblemText.Read("""{"error":{"message":"max_tokens is 1 to 4096","param":"max_tokens"}}""");
        Assert.Equal("max_tokens is 1 to 4096", problem.Message);
        Assert.Equal("max_tokens is 1 to 4096", problem.Fields["max_tokens"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>502</html>")]
    [InlineData("[1]")]
    [InlineData("null")]
    public void Anything_else_says_nothing(string body) => Assert.Null(ProblemText.Read(body).Message);
}
