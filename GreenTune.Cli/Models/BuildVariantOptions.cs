using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Models.Building;
using GreenTune.Models.Quantization;
using GreenTune.Models.Store;

namespace GreenTune.Cli.Models;

/// <summary>How folders are to be built where not by the defaults.</summary>
internal sealed class BuildVariantOptions
{
    private readonly Option<Precision?> _precision = CommonOptions.Word<Precision>("--precision", "Only configurations at this precision");
    private readonly Option<QuantizationMethod?> _method = CommonOptions.Word<QuantizationMethod>("--method", "int8 and int4: how weights are rounded");
    private readonly Option<int?> _block = CommonOptions.Whole("--block", "weights", "int8 and int4: weights that share a scale, 16, 32, 64 or 128 (the default is 32).", 16, 128, 64);
    private readonly Option<bool> _asymmetric = new("--asymmetric") { Description = "int8 and int4: each block has a zero point of its own." };
    private readonly Option<TableStorage?> _embedding = CommonOptions.Word<TableStorage>("--embedding", "int8 and int4: how the embedding is stored (the default is same, as the layers)");
    private readonly Option<TableStorage?> _head = CommonOptions.Word<TableStorage>("--head", "int8 and int4: how the output projection is stored (the default is same, as the layers)");
    private readonly Option<int?> _accuracy = CommonOptions.Whole("--accuracy-level", "level", "int8 and int4 on a CPU: 4 rounds activations to int8 (the default), 0 keeps them in float32.", 0, 4, 0);
    private readonly Option<bool> _bfloat16 = new("--bfloat16-activations") { Description = "int8 and int4 on CUDA: activations, keys and values are bfloat16 instead of float16." };
    private readonly Option<string?> _calibration = new("--calibration") { Description = "gptq and awq: a text file to calibrate with instead of the bundled text.", HelpName = "file" };
    private readonly Option<int?> _calibrationTokens = CommonOptions.Whole("--calibration-tokens", "tokens", "gptq and awq: tokens of the text that are used (the default is 4096).", 128, 1 << 20, 8192);
    private readonly Option<int?> _context = CommonOptions.Whole("--context", "tokens", "Tokens of prompt and answer that the folder serves (the default is the model's own).", 1, 1 << 24, 4096);

    private readonly Option<bool> _adapters = new("--adapters") { Description = "The folder takes low-rank adapters." };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_precision, _method, _block, _asymmetric, _embedding, _head, _accuracy, _bfloat16, _calibration, _calibrationTokens, _context, _adapters])
            command.Add(option);
    }

    /// <summary>The configurations as the command line wants them built; what is for quantised weights leaves others out.</summary>
    /// <exception cref="BadUsageException">The options do not go together, or leave nothing to build.</exception>
    public IReadOnlyList<ModelConfiguration> Apply(ParseResult result, IReadOnlyList<ModelConfiguration> wanted)
    {
        if (result.GetValue(_precision) is { } precision)
            wanted = [.. wanted.Where(c => c.Precision == precision)];
        if (IsForQuantized(result))
            wanted = [.. wanted.Where(c => c.Precision is Precision.Int8 or Precision.Int4)];
        if (wanted.Count == 0)
            throw new BadUsageException("--precision and the options for int8 and int4 leave no configuration to build; name an int8 or int4 one, for example: greentune models build greentune-tiny-int4 --method gptq");
        try
        {
            return [.. wanted.Select(c => IsDefault(result) ? c : ModelConfiguration.Of(c.SourceFolder, With(result, c.Options))).DistinctBy(c => c.Id)];
        }
        catch (ArgumentException e)
        {
            throw new BadUsageException(e.Message);
        }
    }

    private BuildOptions With(ParseResult result, BuildOptions options) => options with
    {
        Method = result.GetValue(_method) ?? options.Method,
        BlockSize = result.GetValue(_block) ?? options.BlockSize,
        Symmetric = !result.GetValue(_asymmetric) && options.Symmetric,
        Embedding = result.GetValue(_embedding) ?? options.Embedding,
        Head = result.GetValue(_head) ?? options.Head,
        AccuracyLevel = result.GetValue(_accuracy) ?? options.AccuracyLevel,
        BFloat16Activations = result.GetValue(_bfloat16) || options.BFloat16Activations,
        CalibrationFile = result.GetValue(_calibration) ?? options.CalibrationFile,
        CalibrationTokens = result.GetValue(_calibrationTokens) ?? options.CalibrationTokens,
        ContextLength = result.GetValue(_context) ?? options.ContextLength,
        Adapters = result.GetValue(_adapters) || options.Adapters,
    };

    private bool IsForQuantized(ParseResult result) => result.GetValue(_method) is not null || result.GetValue(_block) is not null || result.GetValue(_asymmetric) || result.GetValue(_embedding) is not null
        || result.GetValue(_head) is not null || result.GetValue(_accuracy) is not null || result.GetValue(_bfloat16)
        || result.GetValue(_calibration) is not null || result.GetValue(_calibrationTokens) is not null;

    private bool IsDefault(ParseResult result) => !IsForQuantized(result) && result.GetValue(_context) is null && !result.GetValue(_adapters);
}
