using GreenTune.Inference.Tests.Engine;
using GreenTune.Inference.Tests.External;
using GreenTune.Inference.Tests.Service;

[assembly: TestCollectionOrderer(typeof(StartOrder))]

namespace GreenTune.Inference.Tests.Service;

/// <summary>By their time on two cores; what is shorter fits in behind.</summary>
public sealed class StartOrder() : LongestFirst(nameof(DeliveryTests), ExternalFixture.Collection, nameof(ChatTests), nameof(BatchTruthTests), nameof(HostileClientTests));
