using GreenTune.Core.Attribution;

namespace GreenTune.Metering.Tests.Truth;

/// <summary>What a request truly cost, and when it was there. Seconds count from the workload's start.</summary>
internal sealed record TrueRequest(int Id, double Admitted, double Finished, double ActiveJoules, double IdleJoules)
{
    public double Joules => ActiveJoules + IdleJoules;
}

/// <summary>A step as the engine would report it.</summary>
internal sealed record TrueStep(double Start, double End, StepPhase Phase, StepRow[] Rows);

/// <summary>
/// Requests of mixed lengths on a device whose costs do not follow the attribution's own model: power saturates with the batch and with the prompt, clocks wander by 3 %,
/// rows cost by a power law of their tokens times a factor of 0.85 to 1.15 that differs from request to request (caches), and the voltage regulator answers with a lag.
/// Steps are as long as an H200's.
/// </summary>
internal sealed class TruthWorkload
{
    public const double IdleWatts = 120;

    /// <summary>What the engine would say of the configuration: the meter's own work model.</summary>
    public static readonly WorkModel Work = new("truth-int4", 22e6, 4e3, 22e6, 600);

    private const double Bin = 0.001;
    private const double RegulatorLag = 0.003;
    private const int PrefillsBetweenSteps = 2;

    private readonly List<double> _binJoules = [];

    public List<TrueRequest> Requests { get; } = [];

    public List<TrueStep> Steps { get; } = [];

    /// <summary>True power above idle, per millisecond.</summary>
    public double[] Watts { get; private set; } = [];

    public double Seconds => Watts.Length * Bin;

    /// <summary>Makes a run.</summary>
    /// <param name="seed">All of it follows from this.</param>
    /// <param name="clients">Clients that each send their next request a while after the last was answered.</param>
    /// <param name="seconds">How long new requests are sent.</param>
    public static TruthWorkload Create(int seed, int clients, double seconds)
    {
        var workload = new TruthWorkload();
        workload.Run(new Random(seed), clients, seconds, pause: clients == 1 ? 0.3 : 0.1);
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
        var arrivals = new PriorityQueue<int, double>();
        for (int i = 0; i < clients; i++)
            arrivals.Enqueue(i, -Math.Log(1 - random.NextDouble()) * pause);
        var waiting = new Queue<Job>();
        var running = new List<Job>();
        double now = 0;
        int id = 0;
        while (true)
        {
            while (arrivals.TryPeek(out int client, out double at) && at <= now)
            {
                arrivals.Dequeue();
                if (at < seconds)
                    waiting.Enqueue(new(id++, client, at, random));
            }
            if (waiting.Count == 0 && running.Count == 0)
            {
                if (!arrivals.TryPeek(out _, out double soonest) || soonest >= seconds)
                    break;
                now = soonest;
                continue;
            }
            for (int i = 0; i < PrefillsBetweenSteps && waiting.TryDequeue(out Job? job); i++)
            {
                now = Prefill(job, now, random) + HostGap(random);
                running.Add(job);
            }
            now = Decode(running, now, random);
            for (int i = running.Count - 1; i >= 0; i--)
            {
                Job job = running[i];
                if (job.Done < job.Output)
                    continue;
                running.RemoveAt(i);
                Requests.Add(new(job.Id, job.Admitted, now, job.Joules, 0));
                arrivals.Enqueue(job.Client, now - Math.Log(1 - random.NextDouble()) * pause);
            }
            now += HostGap(random);
        }
        ShareIdle();
        Watts = Lag();
    }

    /// <summary>What lies between two runs of a session on the host.</summary>
    private static double HostGap(Random random) => 0.0001 + 0.0002 * random.NextDouble();

    private static double Clocks(double now) => 1 + 0.03 * Math.Sin(2 * Math.PI * now / 7);

    private double Prefill(Job job, double now, Random random)
    {
        double length = 0.002 + 0.00002 * job.Prompt;
        double watts = 140 + 160 * (1 - Math.Exp(-job.Prompt / 300.0));
        double energy = watts * length * Clocks(now) * (0.97 + 0.06 * random.NextDouble());
        Spend(now, length, energy);
        job.Joules += energy;
        Steps.Add(new(now, now + length, StepPhase.Prefill, [new(job.Id, job.Prompt, 0)]));
        job.Done = 1;
        return now + length;
    }

    private double Decode(List<Job> running, double now, Random random)
    {
        double context = 0, weights = 0;
        var rows = new StepRow[running.Count];
        for (int i = 0; i < rows.Length; i++)
        {
            Job job = running[i];
            context += job.Prompt + job.Done;
            weights += job.Weigh();
            rows[i] = new(job.Id, 1, job.Prompt + job.Done);
        }
        double length = 0.003 + 0.000025 * rows.Length + 5e-8 * context;
        double watts = 70 + 150 * (1 - Math.Exp(-rows.Length / 12.0));
        double energy = watts * length * Clocks(now) * (0.97 + 0.06 * random.NextDouble());
        Spend(now, length, energy);
        Steps.Add(new(now, now + length, StepPhase.Decode, rows));
        foreach (Job job in running)
        {
            job.Joules += energy * job.Weight / weights;
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
        (double At, int Change, int Request)[] edges = [.. Requests.SelectMany((request, i) => new[] { (request.Admitted, 1, i), (request.Finished, -1, i) }).OrderBy(edge => edge.Item1)];
        var atStart = new double[Requests.Count];
        double shares = 0, last = 0;
        int inFlight = 0;
        foreach ((double at, int change, int request) in edges)
        {
            if (inFlight > 0)
                shares += (at - last) / inFlight;
            last = at;
            inFlight += change;
            if (change > 0)
                atStart[request] = shares;
            else
                Requests[request] = Requests[request] with { IdleJoules = IdleWatts * (shares - atStart[request]) };
        }
    }

    private double[] Lag()
    {
        var watts = new double[_binJoules.Count + 40];
        double level = 0, answer = 1 - Math.Exp(-Bin / RegulatorLag);
        for (int i = 0; i < watts.Length; i++)
        {
            level += ((i < _binJoules.Count ? _binJoules[i] / Bin : 0) - level) * answer;
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

        public double Weight { get; private set; }

        public double Weigh() => Weight = _cache * (1 + Math.Pow(Prompt + Done, 0.9) / 2000);
    }
}
