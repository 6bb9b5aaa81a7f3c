using GreenTune.Core.Contracts;

namespace GreenTune.Core.Tests.Contracts;

public sealed class ConfigurationNamesTests
{
    [Theory]
    [InlineData("greentune-tiny-int4", "greentune-tiny")]
    [InlineData("greentune-tiny-bf16", "greentune-tiny")]
    [InlineData("greentune-tiny-int4@tone", "greentune-tiny@tone")]
    [InlineData("vllm/mistral-7b", "vllm/mistral-7b")]
    [InlineData("int4", "int4")]
    [InlineData("print-int45", "print-int45")]
    public void The_model_is_the_configuration_without_its_precision(string configuration, string model) => Assert.Equal(model, ConfigurationNames.ModelOf(configuration));
}
