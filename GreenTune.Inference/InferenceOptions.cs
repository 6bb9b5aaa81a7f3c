using System.ComponentModel.DataAnnotations;
using GreenTune.Inference.Engine.Scheduling;
using Microsoft.Extensions.Options;

namespace GreenTune.Inference;

/// <summary>Which execution provider runs the models.</summary>
internal enum DeviceChoice
{
    /// <summary>CUDA where the provider and a GPU are there, the CPU otherwise.</summary>
    Auto,
    Cpu,

    /// <summary>CUDA or nothing: a machine without it is a start-up error, never a silent fall-back.</summary>
    Cuda,
}

/// <summary>Settings of the service, section "Inference" (environment: Inference__Device and so on).</summary>
internal sealed class InferenceOptions
{
    public const string Section = "Inference";

    /// <value>auto, cpu or cuda. The default is auto.</value>
    public DeviceChoice Device { get; set; } = DeviceChoice.Auto;

    /// <summary>Served by `auto` until configurations have been measured.</summary>
    /// <value>The default is greentune-tiny-int4.</value>
    [Required]
    public string DefaultConfiguration { get; set; } = "greentune-tiny-int4";

    /// <summary>Configurations to build and load, by id; empty takes all of the bundled models.</summary>
    public IList<string> Configurations { get; } = [];

    /// <summary>Further model folders in ONNX Runtime GenAI's format, each served under its own name.</summary>
    public IList<string> ModelFolders { get; } = [];

    /// <summary>Serve folders that failed `greentune models verify`.</summary>
    /// <value>The default is false.</value>
    public bool ServeFailedFolders { get; set; }

    /// <summary>Folder that low-rank adapters (.onnx_adapter) are loaded from by name; null takes inference/adapters below the data directory.</summary>
    public string? AdaptersFolder { get; set; }

    /// <summary>Adapters in memory at once, over all configurations.</summary>
    /// <value>The default is 64.</value>
    [Range(0, 10_000)]
    public int MaxAdapters { get; set; } = 64;

    /// <summary>Threads of one step; 0 takes one for each core.</summary>
    [Range(0, 1024)]
    public int Threads { get; set; }

    /// <summary>Whether GreenTune's own CUDA kernels take the place of ONNX Runtime's, where they have been built.</summary>
    /// <value>The default is true.</value>
    public bool CudaKernels { get; set; } = true;

    /// <summary>Requests that may wait for the device before the next is answered 429.</summary>
    /// <value>The default is 2048.</value>
    [Range(1, 100_000)]
    public int MaxQueue { get; set; } = 2048;

    /// <summary>Most rows (answers) that are computed at once, over all configurations.</summary>
    /// <value>The default 0 takes 32 on a CPU and 256 on a GPU.</value>
    [Range(0, 4096)]
    public int MaxRows { get; set; }

    /// <summary>Rows at once on a device, by the settings or by default.</summary>
    public int RowsOn(bool cuda) => MaxRows > 0 ? MaxRows : cuda ? 256 : 32;

    /// <summary>Prompt tokens computed between two decode steps: what running answers wait for a newcomer at most.</summary>
    /// <value>The default 0 takes 128 on a CPU and 2048 on a GPU.</value>
    [Range(0, 1_000_000)]
    public int PrefillTokens { get; set; }

    /// <value>continuous, or static for experiments: a padded batch that runs to its longest answer. The default is continuous.</value>
    public BatchingMode Batching { get; set; }

    /// <summary>How long the first waiting request waits for others before it is admitted.</summary>
    /// <value>The default 0 admits at once.</value>
    [Range(0, 60_000)]
    public double BatchWindowMilliseconds { get; set; }

    /// <summary>Memory that models may take together; who was used longest ago is unloaded for a newcomer, and loaded again when it is asked for.</summary>
    /// <value>The default 0 takes 80 % of the machine's or the GPU's memory.</value>
    [Range(0, 10_000_000)]
    public int ModelMemoryMegabytes { get; set; }

    /// <summary>Memory for keys and values of one configuration.</summary>
    /// <value>The default 0 shares a quarter of the machine's memory, or 90 % of what is free on the GPU, among the configurations.</value>
    [Range(0, 1_000_000)]
    public int KvCacheMegabytes { get; set; }

    /// <summary>Memory for keys and values of prompts that may come again, by configuration; 0 keeps none.</summary>
    /// <value>The default is 256.</value>
    [Range(0, 1_000_000)]
    public int PrefixCacheMegabytes { get; set; } = 256;

    /// <summary>How long running answers may go on once the service is told to stop.</summary>
    /// <value>The default is 2 seconds: who starts the service with the AppHost waits no longer. Where a load balancer takes it out first, minutes are better.</value>
    [Range(0, 3600)]
    public double DrainSeconds { get; set; } = 2;

    /// <summary>Tokens generated when a request names no max_tokens.</summary>
    /// <value>The default is 256.</value>
    [Range(1, 1_000_000)]
    public int DefaultMaxTokens { get; set; } = 256;

    /// <summary>Upper bound of prompt and answer together, whatever the model could take: the KV cache is this long.</summary>
    /// <value>The default is 4096.</value>
    [Range(16, 1_000_000)]
    public int MaxContextTokens { get; set; } = 4096;

    /// <summary>How long `x-greentune-energy: wait` holds an answer for its meter.</summary>
    /// <value>The default is 10 seconds.</value>
    [Range(0.1, 300)]
    public double EnergyWaitSeconds { get; set; } = 10;

    /// <summary>How long a request waits for the budget's decision.</summary>
    /// <value>The default is 0.5 seconds.</value>
    [Range(0.01, 60)]
    public double BudgetTimeoutSeconds { get; set; } = 0.5;

    /// <summary>Whether requests are served while Accounting cannot be asked about budgets.</summary>
    /// <value>The default is true; false answers 503.</value>
    public bool BudgetsFailOpen { get; set; } = true;

    /// <summary>Address of Accounting as clients see it, for the record's URL; null takes the address this service uses.</summary>
    [Url]
    public string? RecordBaseUrl { get; set; }

    /// <summary>Bytes of records kept on disk while Accounting is away; beyond it new records are refused and health says so.</summary>
    /// <value>The default is 256 MiB.</value>
    [Range(1 << 16, long.MaxValue)]
    public long OutboxLimitBytes { get; set; } = 256L << 20;
}

[OptionsValidator]
internal sealed partial class InferenceOptionsValidator : IValidateOptions<InferenceOptions>;
