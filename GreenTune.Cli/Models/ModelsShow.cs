using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Models.Folders;
using GreenTune.Models.Store;
using GreenTune.Models.Verification;

namespace GreenTune.Cli.Models;

/// <summary>greentune models show.</summary>
internal static class ModelsShow
{
    public static int Run(CliConsole console, ModelStore store, IReadOnlyList<ModelConfiguration> wanted, bool json, CancellationToken cancellation)
    {
        ConfigurationDetail[] details = [.. wanted.Select(c => ConfigurationDetail.Read(store, c, cancellation))];
        if (json)
        {
            console.Json(details);
            return ExitCodes.Ok;
        }
        foreach ((int i, ConfigurationDetail detail) in details.Index())
        {
            if (i > 0)
                console.Output.WriteLine();
            console.Fields(Fields(detail));
        }
        return ExitCodes.Ok;
    }

    private static IEnumerable<(string, string)> Fields(ConfigurationDetail detail)
    {
        ConfigurationState state = detail.Configuration;
        ModelManifest? made = detail.Manifest;
        string Known<T>(T? value, Func<T, string> write)
            where T : struct => value is { } known ? write(known) : Figures.Unknown(state.Reason ?? "the folder does not say");

        yield return ("Configuration", state.Id);
        yield return ("Model", state.Model);
        yield return ("Precision", state.Precision);
        yield return ("Provider", state.Provider);
        yield return ("Built", state.Built ? Figures.Time(made!.BuiltAt) : $"no ({state.Reason})");
        yield return ("Folder", state.Folder);
        yield return ("Size", Known(state.Bytes, Figures.Size));
        yield return ("Parameters", Known(detail.Parameters, Figures.Count));
        yield return ("Context", Known(detail.ContextLength, tokens => $"{Figures.Count(tokens)} tokens"));
        yield return ("Weights read by a step", Known(detail.WeightBytesPerStep, Figures.Size));
        yield return ("Multiplied parameters", Known(detail.MultipliedParameters, p => $"{Figures.Count(p)} for each token, 2 operations each"));
        yield return ("Cache of a token", Known(detail.KeyValueBytesPerToken, Figures.Size));
        if (made is null)
            yield break;
        yield return ("Activations", made.Activations);
        yield return ("Quantisation", made.BlockSize is { } block
            ? $"{state.Precision}, blocks of {block}, {(made.Symmetric == true ? "symmetric" : "with zero points")}, {(made.Method == "rtn" ? "round to nearest" : made.Method)}{(made.Calibration is { } text ? $", calibrated with {text}" : "")}"
            : "none");
        yield return ("Embedding", made.Embedding);
        yield return ("Made from", $"{made.Source.Name}{(made.Source.Quantized ? ", whose weights were quantised already" : "")}, SHA-256 {made.Source.Sha256}");
        yield return ("Verified", detail.Parity switch
        {
            null => $"no; greentune models verify {state.Id}",
            { Passed: true } parity => $"passed on {Figures.Time(parity.CheckedAt)}, top-1 equal to the checkpoint's at {100 * parity.Checkpoint.Top1Agreement:0.0} % of {parity.Checkpoint.Positions} positions",
            { } parity => $"FAILED on {Figures.Time(parity.CheckedAt)}: {string.Join(" ", parity.Failures)}",
        });
    }
}

/// <summary>A configuration with what its folder says, as --json writes it.</summary>
internal sealed record ConfigurationDetail
{
    public required ConfigurationState Configuration { get; init; }

    public long? Parameters { get; init; }

    /// <summary>Tokens of prompt and answer together.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Bytes of weights that one step reads.</summary>
    public long? WeightBytesPerStep { get; init; }

    /// <summary>Parameters that one token is multiplied with.</summary>
    public long? MultipliedParameters { get; init; }

    /// <summary>Bytes that one token adds to the cache of keys and values.</summary>
    public long? KeyValueBytesPerToken { get; init; }

    /// <summary>How the folder was made; null where it is not built.</summary>
    public ModelManifest? Manifest { get; init; }

    /// <summary>What its check against the checkpoint found; null where there was none.</summary>
    public ParityReport? Parity { get; init; }

    public static ConfigurationDetail Read(ModelStore store, ModelConfiguration configuration, CancellationToken cancellation)
    {
        (ModelFolder? Folder, string? Reason) opened = ConfigurationState.Open(store, configuration, cancellation);
        return new ConfigurationDetail
        {
            Configuration = ConfigurationState.Of(store, configuration, opened, cancellation),
            Parameters = opened.Folder?.Parameters,
            ContextLength = opened.Folder?.ContextLength,
            WeightBytesPerStep = opened.Folder?.WeightBytesPerStep,
            MultipliedParameters = opened.Folder?.MultipliedParameters,
            KeyValueBytesPerToken = opened.Folder?.KeyValueBytesPerToken,
            Manifest = opened.Folder?.Manifest,
            Parity = opened.Folder?.Parity,
        };
    }
}
