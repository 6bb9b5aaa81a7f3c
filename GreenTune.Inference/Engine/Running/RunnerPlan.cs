using GreenTune.Core.Attribution;

namespace GreenTune.Inference.Engine.Running;

/// <summary>What a runner is given beside its folder.</summary>
/// <param name="Classes">KV memory by capacity.</param>
/// <param name="MaxRows">Most rows of one decode step.</param>
/// <param name="Work">Cost model of its steps.</param>
internal sealed record RunnerPlan(IReadOnlyList<KvClass> Classes, int MaxRows, WorkModel Work);
