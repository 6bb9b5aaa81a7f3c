using Microsoft.Extensions.Options;

namespace GreenTune.Inference.Chat;

/// <summary>Where a client finds its record: Accounting's public address.</summary>
internal sealed class RecordLocation(IOptions<InferenceOptions> options, IConfiguration configuration)
{
    private readonly string _base = (options.Value.RecordBaseUrl ?? configuration["services:accounting:http:0"] ?? "http://localhost:5102").TrimEnd('/');

    public string Of(string requestId) => $"{_base}/api/records/{requestId}";
}
