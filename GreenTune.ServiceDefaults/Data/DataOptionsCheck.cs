using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Data;

/// <summary>Finds out at the start whether the folder can be used, not at the first request that needs it.</summary>
internal sealed class DataOptionsCheck(IConfiguration configuration) : IValidateOptions<DataOptions>
{
    public ValidateOptionsResult Validate(string? name, DataOptions options)
    {
        try
        {
            DataDirectory.From(options, configuration).EnsureWritable();
            return ValidateOptionsResult.Success;
        }
        catch (Exception e) when (e is ArgumentException or IOException)
        {
            return ValidateOptionsResult.Fail(e is ArgumentException { ParamName: { } parameter } ? e.Message.Replace($" (Parameter '{parameter}')", string.Empty, StringComparison.Ordinal) : e.Message);
        }
    }
}
