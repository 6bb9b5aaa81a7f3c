using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using FsCheck;
using FsCheck.Fluent;

namespace GreenTune.AppHost.Tests.Running;

public sealed class StartOrderTests
{
    [Fact]
    public void Whatever_waits_is_in_a_later_level_than_what_it_waits_for()
    {
        // Resource i waits for some of those before it: never a circle.
        var graphs = Gen.Choose(1, 8).SelectMany(count => Gen.Choose(0, (1 << (count * (count - 1) / 2)) - 1).Select(edges => (count, edges)));
        Check.QuickThrowOnFailure(Prop.ForAll(graphs.ToArbitrary(), graph =>
        {
            var projects = Enumerable.Range(0, graph.count).Select(i => new ProjectResource($"p{i}")).ToList();
            var bit = 0;
            for (var i = 0; i < graph.count; i++)
            {
                for (var j = 0; j < i; j++, bit++)
                {
                    if ((graph.edges >> bit & 1) == 1)
                    {
                        projects[i].Annotations.Add(new WaitAnnotation(projects[j], WaitType.WaitUntilHealthy));
                    }
                }
            }

            var levels = StartOrder.Levels(projects);
            int LevelOf(IResource project) => levels.Select((level, i) => (level, i)).First(entry => entry.level.Any(one => ReferenceEquals(one, project))).i;
            return levels.Sum(level => level.Count) == graph.count
                && projects.All(project => StartOrder.Dependencies(project).All(dependency => LevelOf(dependency) < LevelOf(project)));
        }));
    }

    [Fact]
    public void A_circle_is_refused_and_named()
    {
        var builder = DistributedApplication.CreateBuilder();
        var a = builder.AddResource(new ProjectResource("a"));
        var b = builder.AddResource(new ProjectResource("b")).WaitFor(a);
        var c = builder.AddResource(new ProjectResource("c")).WaitFor(b);
        var error = Assert.Throws<DistributedApplicationException>(() => a.WaitFor(c));
        Assert.Contains("a waits for c waits for b waits for a", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_waits_for_itself()
    {
        var a = DistributedApplication.CreateBuilder().AddResource(new ProjectResource("a"));
        Assert.Throws<DistributedApplicationException>(() => a.WaitFor(a));
    }
}
