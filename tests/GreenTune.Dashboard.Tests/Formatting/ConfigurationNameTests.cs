using GreenTune.Dashboard.Formatting;

namespace GreenTune.Dashboard.Tests.Formatting;

public sealed class ConfigurationNameTests
{
    [Theory]
    [InlineData("greentune-tiny-int4", "tiny int4", "greentune-tiny int4")]
    [InlineData("mistral-7b-int8", "mistral-7b int8", "mistral-7b int8")]
    [InlineData("external-vllm", "external-vllm", "external-vllm")]
    [InlineData("auto", "auto", "auto")]
    [InlineData("greentune-", "greentune-", "greentune-")]
    public void Ids_are_taken_apart_where_they_end_in_a_precision(string id, string label, string full)
    {
        var name = ConfigurationName.Parse(id);
        Assert.Equal((label, full), (name.Label, name.Full));
    }
}
