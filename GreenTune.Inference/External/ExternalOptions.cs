using System.ComponentModel.DataAnnotations;
using GreenTune.ServiceDefaults.Access;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference.External;

/// <summary>External configurations: OpenAI-compatible engines elsewhere (vLLM, TGI, Ollama, llama.cpp server). Section "Inference:External".</summary>
internal sealed class ExternalOptions
{
    public const string Section = "Inference:External";

    /// <summary>Engines that are there from the start.</summary>
    public IList<UpstreamOptions> Upstreams { get; } = [];

    /// <summary>
    /// Hosts that upstreams may be registered on while the service runs: "host" or "host:port", or "*.domain" for every name below a domain. A name that is
    /// listed whole may lead to an inner address; one that "*" stands for may not.
    /// </summary>
    public IList<string> Allow { get; } = [];

    /// <summary>How long a connection may take.</summary>
    /// <value>The default is 5 seconds.</value>
    [Range(0.1, 300)]
    public double ConnectSeconds { get; set; } = 5;

    /// <summary>How long an upstream may take until its answer begins; a whole answer begins when it is complete.</summary>
    /// <value>The default is 600 seconds.</value>
    [Range(0.1, 86_400)]
    public double AnswerSeconds { get; set; } = 600;

    /// <summary>How long an answer that has begun may pause.</summary>
    /// <value>The default is 60 seconds.</value>
    [Range(0.1, 3_600)]
    public double IdleSeconds { get; set; } = 60;

    /// <summary>Time between two probes of an upstream.</summary>
    /// <value>The default is 15 seconds.</value>
    [Range(0.1, 3_600)]
    public double ProbeSeconds { get; set; } = 15;

    /// <summary>Upstreams at once.</summary>
    /// <value>The default is 64.</value>
    [Range(0, 10_000)]
    public int MaxUpstreams { get; set; } = 64;
}

/// <summary>One upstream in the settings.</summary>
internal sealed class UpstreamOptions
{
    public string? Id { get; set; }

    public string? Url { get; set; }

    public string? Model { get; set; }

    /// <summary>Name of the environment variable that holds its key.</summary>
    public string? ApiKeyVariable { get; set; }

    public bool OnMeteredDevice { get; set; }
}

internal sealed class ExternalOptionsCheck : IValidateOptions<ExternalOptions>
{
    public ValidateOptionsResult Validate(string? name, ExternalOptions options)
    {
        var problems = new List<string>();
        var context = new ValidationContext(options);
        var results = new List<ValidationResult>();
        if (!Validator.TryValidateObject(options, context, results, validateAllProperties: true))
        {
            problems.AddRange(results.Select(result => $"{ExternalOptions.Section}:{string.Join(", ", result.MemberNames)}: {result.ErrorMessage}"));
        }

        foreach ((int index, string pattern) in options.Allow.Index())
        {
            if (!AllowedHosts.IsPattern(pattern))
            {
                problems.Add($"{ExternalOptions.Section}:Allow:{index} is '{pattern}'; {AllowedHosts.PatternForm} is expected.");
            }
        }

        foreach ((int index, UpstreamOptions upstream) in options.Upstreams.Index())
        {
            foreach ((string field, string problem) in Upstream.Check(upstream.Id, upstream.Url, upstream.Model))
            {
                problems.Add($"{ExternalOptions.Section}:Upstreams:{index}:{char.ToUpperInvariant(field[0])}{field[1..]} {problem}");
            }
        }

        if (options.Upstreams.GroupBy(upstream => upstream.Id).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            problems.Add($"{ExternalOptions.Section}:Upstreams has two with the id {twice.Key}.");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
