using GreenTune.Core.Attribution;

namespace GreenTune.Metering.Tests.Truth;

/// <summary>What a request truly cost, and when it was there. Seconds count from the workload's start.</summary>
internal sealed record TrueRequest(int Id, double Admitted, double Finished, double ActiveJoules, double IdleJoules)
{
    public double Joules => ActiveJoules + IdleJoules;
}

/// <summary>A step as the engine would report it.</summary>
internal sealed record TrueStep(double Start, double End, StepPhase Phase, IReadOnlyList<StepRow> Rows);

/// <summary>
/// Requests of mixed lengths on a device whose costs do not follow the attribution's own model: power saturates with the batch and the prompt, rows cost by a
/// power law of their tokens with an effect of their context that differs from request to request (caches), and the voltage regulator answers with a lag.
/// </summary>
internal sealed class TruthWorkload
{
    public const double IdleWatts = 120;

    private const double Bin = 0.001;
    private const double RegulatorLag = 0.003;

    private readonly List<double> _binJoules = [];

    public List<TrueRequest> Requests { get; } = [];

    public List<TrueStep> Steps { get; } = [];

    /// <summary>True power above idle, per millisecond.</summary>
    public double[] Watts { get; private set; } = [];

    /// <summary>Makes a run.</summary>
    /// <param name="seed">All of it follows from this.</param>
    /// <param name="clients">Clients that each send their next request a while after the last was answered.</param>
    /// <param name="seconds">How long new requests are sent.</param>
    /// <param name="pause">Mean pause of a client between requests, in seconds.</param>
    public static TruthWorkload Create(int seed, int clients, double seconds, double pause)
    {
        var workload = new TruthWorkload();
        workload.Run(new Random(seed), clients, seconds, pause);
        return workload;
    }

    /// <summary>What the whole device drew between two times, in joules: what a meter that shares nothing out would charge.</summary>
    public double DeviceEnergy(double from, double to)
    {
        double joules = IdleWatts * (to - from);
        for (int bin = (int)(from / Bin); bin < Math.Min(Watts.Length, (int)(to / Bin)); bin++)
            joules += Watts[bin] * Bin;
        return joules;
    }

    private void Run(Random random, int clients, double seconds, double pause)
    {
        var next = new double[clients];
        for (int i = 0; i < clients; i++)
            next[i] = -Math.Log(1 - random.NextDouble()) * pause;
        var active = new List<Job>();
        double now = 0;
        int id = 0;
        while (true)
        {
            for (int client = 0; client < clients; client++)
            {
                if (next[client] <= now && next[client] < seconds)
                {
                    active.Add(new(id++, client, next[client], random));
                    next[client] = double.PositiveInfinity;
                }
            }
            if (active.Count == 0)
            {
                double soonest = next.Where(at => at < seconds).DefaultIfEmpty(double.PositiveInfinity).Min();
                if (double.IsInfinity(soonest))
                    break;
                now = soonest;
                continue;
            }
            Job? waiting = active.Find(job => job.Done == 0);
            now = waiting is not null ? Prefill(waiting, now, random) : Decode(active, now, random);
            foreach (Job job in active.Where(job => job.Done >= job.Output).ToList())
            {
                active.Remove(job);
                Requests.Add(new(job.Id, job.Admitted, now, job.Joules, 0));
                next[job.Client] = now - Math.Log(1 - random.NextDouble()) * pause;
            }
            // What lies between two runs of a session on the host.
            now += 0.0001 + 0.0002 * random.NextDouble();
        }
        ShareIdle();
        Watts = Lag();
    }

    private double Prefill(Job job, double now, Random random)
    {
        double length = 0.006 + 0.00012 * job.Prompt;
        double watts = 140 + 160 * (1 - Math.Exp(-job.Prompt / 300.0));
        double energy = watts * length * (0.97 + 0.06 * random.NextDouble());
        Spend(now, length, energy);
        job.Joules += energy;
        Steps.Add(new(now, now + length, StepPhase.Prefill, [new(job.Id, job.Prompt, 0)]));
        job.Done = 1;
        return now + length;
    }

    private double Decode(List<Job> active, double now, Random random)
    {
        double length = 0.004 + 0.0004 * active.Count;
        double watts = 70 + 150 * (1 - Math.Exp(-active.Count / 5.0));
        double energy = watts * length * (0.97 + 0.06 * random.NextDouble());
        Spend(now, length, energy);
        double sum = active.Sum(job => job.Weight);
        Steps.Add(new(now, now + length, StepPhase.Decode, [.. active.Select(job => new StepRow(job.Id, 1, job.Prompt + job.Done))]));
        foreach (Job job in active)
        {
            job.Joules += energy * job.Weight / sum;
            job.Done++;
        }
        return now + length;
    }

    private void Spend(double from, double length, double joules)
    {
        for (double at = from; at < from + length - 1e-12;)
        {
            int bin = (int)(at / Bin);
            double end = Math.Min((bin + 1) * Bin, from + length);
            if (end <= at)
                end = at + 1e-9;
            while (_binJoules.Count <= bin)
                _binJoules.Add(0);
            _binJoules[bin] += joules * (end - at) / length;
            at = end;
        }
    }

    /// <summary>The device's own idle power, shared equally by those in flight: a convention, the same for truth and meter.</summary>
    private void ShareIdle()
    {
        for (int i = 0; i < Requests.Count; i++)
        {
            TrueRequest request = Requests[i];
            double[] edges = [.. Requests.SelectMany(other => new[] { other.Admitted, other.Finished })
                .Where(at => at > request.Admitted && at < request.Finished).Append(request.Admitted).Append(request.Finished).Distinct().Order()];
            double share = 0;
            for (int e = 1; e < edges.Length; e++)
            {
                double middle = (edges[e - 1] + edges[e]) / 2;
                share += (edges[e] - edges[e - 1]) / Requests.Count(other => other.Admitted < middle && other.Finished > middle);
            }
            Requests[i] = request with { IdleJoules = IdleWatts * share };
        }
    }

    private double[] Lag()
    {
        var watts = new double[_binJoules.Count + 40];
        double level = 0;
        for (int i = 0; i < watts.Length; i++)
        {
            double drawn = i < _binJoules.Count ? _binJoules[i] / Bin : 0;
            level += (drawn - level) * (1 - Math.Exp(-Bin / RegulatorLag));
            watts[i] = level;
        }
        return watts;
    }

    private sealed class Job(int id, int client, double admitted, Random random)
    {
        private readonly double _cache = 0.85 + 0.3 * random.NextDouble();

        public int Id => id;

        public int Client => client;

        public double Admitted => admitted;

        public int Prompt { get; } = (int)(40 * Math.Pow(2, 4.5 * random.NextDouble()));

        public int Output { get; } = (int)(10 * Math.Pow(2, 4.5 * random.NextDouble()));

        public int Done { get; set; }

        public double Joules { get; set; }

        public double Weight => _cache * (1 + Math.Pow(Prompt + Done, 0.9) / 2000);
    }
}
