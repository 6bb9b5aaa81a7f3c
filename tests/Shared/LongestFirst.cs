using Xunit.Sdk;
using Xunit.v3;

namespace GreenTune.Tests;

/// <summary>
/// Has the classes that take longest begin first, so that none of them runs alone at the end while a processor has nothing to do. Without it classes begin in the order of a hash
/// over their names and the test program's path, which is another one in every clone.
/// </summary>
/// <param name="longest">Names of classes without their namespace, or of collections, in the order in which they are to begin. All others follow.</param>
public abstract class LongestFirst(params string[] longest) : ITestCollectionOrderer
{
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection
    {
        string[] unknown = [.. longest.Where(name => !testCollections.Any(collection => Is(collection, name)))];
        // A run of some classes alone has not all of them.
        if (unknown.Length > 0)
        {
            TestContext.Current.SendDiagnosticMessage("Not among the classes that run: {0}", string.Join(", ", unknown));
        }

        return [.. testCollections.OrderBy(collection => Array.FindIndex(longest, name => Is(collection, name)) is >= 0 and var place ? place : longest.Length)];
    }

    /// <summary>A class without a collection is one of its own: "Test collection for GreenTune.X.Tests.YTests (id: ...)".</summary>
    private static bool Is(ITestCollection collection, string name) =>
        collection.TestCollectionDisplayName == name || collection.TestCollectionDisplayName.Contains($".{name} (id:", StringComparison.Ordinal);
}
