using Aspire.Hosting.Running;

namespace GreenTune.AppHost.Tests.Running;

public sealed class ConsoleTests
{
    [Fact]
    public void Names_are_as_wide_as_the_longest()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var console = new AppHostConsole(output, error, colour: false);
        console.Introduce(["accounting", "web"]);
        console.Line("web", "one", toError: false);
        console.Line("accounting", "two", toError: true);
        console.Say("three");
        Assert.Equal($"web        | one{Environment.NewLine}apphost    | three{Environment.NewLine}", output.ToString());
        Assert.Equal($"accounting | two{Environment.NewLine}", error.ToString());
    }

    [Fact]
    public void Each_name_has_a_colour_of_its_own_on_a_terminal()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var console = new AppHostConsole(output, error, colour: true);
        console.Introduce(["a", "b"]);
        console.Line("a", "x", toError: false);
        console.Line("b", "x", toError: false);
        var lines = output.ToString().Split(Environment.NewLine);
        Assert.StartsWith("\e[36ma       |\e[0m x", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("\e[32mb       |\e[0m x", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_of_several_processes_are_never_mixed()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var console = new AppHostConsole(output, error, colour: false);
        console.Introduce(["a", "b"]);
        await Task.WhenAll(((string[])["a", "b"]).Select(name => Task.Run(() =>
        {
            for (var i = 0; i < 500; i++)
            {
                console.Line(name, new string(name[0], 40), toError: false);
            }
        })));
        var lines = output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1000, lines.Length);
        Assert.All(lines, line => Assert.Matches("^(a       [|] a{40}|b       [|] b{40})$", line));
    }
}
