using System.Text.Json;
using GreenTune.Models.Tests.Support;
using GreenTune.Models.Tokenization.Templates;

namespace GreenTune.Models.Tests.Tokenization;

/// <summary>Small templates against what jinja2 makes of them; jinja-cases.json says which version and settings.</summary>
public sealed class JinjaTests
{
    [Fact]
    public void Templates_give_what_jinja2_gives()
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.Root, "tests", "GreenTune.Models.Tests", "Tokenization", "jinja-cases.json")));
        var wrong = new List<string>();
        foreach (JsonElement item in file.RootElement.GetProperty("cases").EnumerateArray())
        {
            string template = item.GetProperty("template").GetString()!;
            string expected = item.TryGetProperty("expected", out JsonElement text) ? text.GetString()! : item.TryGetProperty("error", out JsonElement error) ? "error: " + error.GetString() : "syntax error";
            string got = Render(template, file.RootElement.GetProperty("values"));
            if (got != expected)
                wrong.Add($"{template}\n  expected {expected}\n  got      {got}");
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    private static string Render(string source, JsonElement values)
    {
        ChatTemplate template;
        try
        {
            template = ChatTemplate.Parse(source);
        }
        catch (TemplateException)
        {
            return "syntax error";
        }
        try
        {
            return template.Render(values.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, PythonJson.Read(p.Value, t => t))), TimeProvider.System);
        }
        catch (TemplateException e)
        {
            return "error: " + e.Message;
        }
    }
}
