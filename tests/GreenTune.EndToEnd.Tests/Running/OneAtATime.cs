// Each test starts the whole product and measures energy: side by side they would measure one another.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
