using GreenTune.Metering;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Energy;

/// <summary>Lets the meter's options fail the start like any other.</summary>
internal sealed class MeteringOptionsCheck : IValidateOptions<MeteringOptions>
{
    public ValidateOptionsResult Validate(string? name, MeteringOptions options) =>
        options.Validate() is { Count: > 0 } wrong ? ValidateOptionsResult.Fail(wrong) : ValidateOptionsResult.Success;
}
