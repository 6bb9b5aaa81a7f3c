using System.Globalization;
using System.Text;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>Starts all projects in the order of WaitFor and stops them in the reverse order, within five seconds.</summary>
internal sealed class Orchestrator : IDisposable
{
    /// <summary>From the request to stop until what still runs is killed. Killing and cleaning up have the fifth second.</summary>
    public static readonly TimeSpan StopTime = TimeSpan.FromSeconds(4);

    private readonly IReadOnlyList<Supervisor> _supervisors;
    private readonly AppHostConsole _console;
    private readonly TimeProvider _time;
    private readonly HealthProbe _probe;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _runs = [];

    private Orchestrator(IReadOnlyList<Supervisor> supervisors, AppHostConsole console, TimeProvider time, HealthProbe probe)
    {
        _supervisors = supervisors;
        _console = console;
        _time = time;
        _probe = probe;
    }

    /// <summary>Checks ports, programs and parameters. Nothing has been started when this fails.</summary>
    public static async Task<Orchestrator> CreateAsync(AppModel model, AppHostConsole console, TimeProvider time, CancellationToken cancellationToken)
    {
        var projects = model.Projects.ToList();
        Ports.Allocate(projects);
        var plans = new List<LaunchPlan>();
        foreach (var project in projects)
        {
            plans.AddRange(await LaunchPlan.ForAsync(model, project, console.Colour, cancellationToken).ConfigureAwait(false));
        }

        console.Introduce(plans.Select(plan => plan.Name));
        var probe = new HealthProbe();
        return new Orchestrator([.. plans.Select(plan => new Supervisor(plan, console, probe, time))], console, time, probe);
    }

    /// <summary>Completes when all are healthy. Throws <see cref="DistributedApplicationException"/> when one does not get there; stopping the others is the caller's.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        _runs.AddRange(_supervisors.Select(supervisor => Task.Run(() => RunAsync(supervisor), CancellationToken.None)));
        var waiting = _supervisors.Select(supervisor => supervisor.Healthy).ToList();
        while (waiting.Count > 0)
        {
            var done = await Task.WhenAny(waiting).WaitAsync(cancellationToken).ConfigureAwait(false);
            waiting.Remove(done);
            await done.ConfigureAwait(false);
        }

        _console.Write(Table(_time.GetElapsedTime(began)));
    }

    /// <summary>Completes when asked to stop.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken) => await Task.WhenAll(_runs).WaitAsync(cancellationToken).ConfigureAwait(false);

    /// <param name="insisted">Ends the patience before <see cref="StopTime"/>.</param>
    public async Task StopAsync(CancellationToken insisted)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        using var noMoreTime = CancellationTokenSource.CreateLinkedTokenSource(insisted);
        noMoreTime.CancelAfter(StopTime);

        // A resource keeps what it depends on while it finishes, but not so long that the rest has no time left.
        var levels = StartOrder.Levels(_supervisors.Select(supervisor => supervisor.Plan.Project).Distinct());
        var share = StopTime / Math.Max(1, levels.Count);
        var stops = new List<Task>();
        foreach (var level in levels.Reverse())
        {
            var ofLevel = Task.WhenAll(_supervisors.Where(supervisor => level.Contains(supervisor.Plan.Project)).Select(supervisor => supervisor.StopAsync(noMoreTime.Token)));
            stops.Add(ofLevel);
            await Task.WhenAny(ofLevel, Task.Delay(share, noMoreTime.Token)).ConfigureAwait(false);
        }

        await Task.WhenAll(stops).ConfigureAwait(false);
        await Task.WhenAll(_supervisors.Select(supervisor => supervisor.KillAsync())).ConfigureAwait(false);
        await Task.WhenAll(_runs).ConfigureAwait(false);
        Dispose();
    }

    public void Dispose()
    {
        _probe.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync(Supervisor supervisor)
    {
        var waits = supervisor.Plan.Project.Annotations.OfType<WaitAnnotation>().ToList();
        try
        {
            foreach (var wait in waits)
            {
                var others = _supervisors.Where(other => ReferenceEquals(other.Plan.Project, wait.Resource));
                await Task.WhenAll(others.Select(other => wait.WaitType == WaitType.WaitUntilStarted ? other.Running : other.Healthy)).WaitAsync(_stopping.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or DistributedApplicationException)
        {
            // Stopping, or what it waits for failed: that failure ends the start, this one never began.
            return;
        }

        await supervisor.RunAsync(_stopping.Token).ConfigureAwait(false);
    }

    private string Table(TimeSpan took)
    {
        var text = new StringBuilder();
        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"All healthy after {took.TotalSeconds:0.0} s. Ctrl-C stops everything.");
        var rows = _supervisors
            .SelectMany(supervisor => supervisor.Plan.Project.Endpoints.DefaultIfEmpty().Select(endpoint => (supervisor.Plan, Endpoint: endpoint)))
            .OrderByDescending(row => row.Endpoint?.IsExternal ?? false);
        var width = _supervisors.Select(supervisor => supervisor.Plan.Name.Length).DefaultIfEmpty(0).Max();
        foreach (var (plan, endpoint) in rows)
        {
            var replica = Enumerable.Range(0, plan.Project.Replicas).First(index => LaunchPlan.NameOf(plan.Project, index) == plan.Name);
            text.AppendLine($"  {plan.Name.PadRight(width)}  {endpoint?.Replicas[replica].UriString}".TrimEnd());
        }

        return text.ToString();
    }
}
