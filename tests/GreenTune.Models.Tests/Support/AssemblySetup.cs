using GreenTune.Models.Tests.Support;

// Inference takes both cores by itself: classes that run beside each other only slow each other down.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(BuiltModels))]
