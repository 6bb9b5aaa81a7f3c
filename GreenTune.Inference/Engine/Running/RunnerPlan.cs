using GreenTune.Core.Attribution;

namespace GreenTune.Inference.Engine.Running;

/// <summary>What a runner is given beside its folder.</summary>
/// <param name="Classes">KV memory by capacity.</param>
/// <param name="MaxRows">Most rows of one decode step.</param>
/// <param name="MaxPrefillTokens">Most tokens of one prefill step of several prompts; 0 runs each alone.</param>
/// <param name="Work">Cost model of its steps.</param>
internal sealed record RunnerPlan(IReadOnlyList<KvClass> Classes, int MaxRows, int MaxPrefillTokens, WorkModel Work);
