using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Formatting;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Models;

/// <summary>The sentences of the Models page.</summary>
public static class LibraryText
{
    public const string Gated = "Gated: accept its licence at the hub first, and start Inference with a token (HF_TOKEN or Models:Hub:TokenFile).";

    public static string Size(long bytes) => Figures.Of(bytes, Unit.Byte).ToString();

    /// <summary>Parameters as models are named by: "135 M", "1.1 B".</summary>
    public static string Parameters(long count) => count >= 1_000_000_000 ? $"{Figures.Significant(count / 1e9, 2)} B" : $"{Figures.Significant(count / 1e6)} M";

    public static string Headline(ModelsView? view) => view is null
        ? "Pull models, build them at a precision, and serve them without a restart."
        : $"{view.Models.Count} {(view.Models.Count == 1 ? "model" : "models")} on this machine, {view.Models.Sum(m => m.Configurations.Count(c => c.Built))} built configurations{(view.FreeBytes is { } free ? $", {Size(free)} of disk free" : "")}.";

    public static string License(CatalogModelView model) => model.LicenseName ?? model.License;

    public static (string Text, ChipKind Kind) State(CatalogModelView model) => model.State switch
    {
        CatalogState.Pulled => ("pulled", ChipKind.Ok),
        CatalogState.Pulling => ("pulling", ChipKind.Info),
        CatalogState.Unfinished => ("unfinished", ChipKind.Notify),
        _ => ("available", ChipKind.Off),
    };

    public static (string Text, ChipKind Kind) State(BuildableView configuration) => configuration switch
    {
        { Job: not null } => ("building", ChipKind.Info),
        { Serving: ConfigurationState.Ready } => ("serving", ChipKind.Ok),
        { Serving: ConfigurationState.Failed } => ("failed", ChipKind.Block),
        { Serving: ConfigurationState.Unloaded } => ("on demand", ChipKind.Ok),
        { Serving: { } stage } => (stage.ToString().ToLowerInvariant(), ChipKind.Info),
        { Built: true } => ("built", ChipKind.Ok),
        _ => ("not built", ChipKind.Off),
    };

    public static string Origin(LocalModelView model) => model switch
    {
        { Bundled: true } => "bundled",
        { Repository: { } repository, Commit: { } commit } => $"{repository} at {commit[..Math.Min(12, commit.Length)]}",
        _ => "imported",
    };

    /// <summary>A configuration beside its model: its precision, and how it was built where not by the defaults, as in "int4 gptq b64".</summary>
    public static string Form(LocalModelView model, BuildableView configuration) =>
        configuration.Id.StartsWith(model.Name + "-", StringComparison.Ordinal) ? configuration.Id[(model.Name.Length + 1)..].Replace('-', ' ') : configuration.Precision;

    public static string Form(LocalModelView model) => model.Form switch
    {
        "gguf" => "GGUF",
        "folder" => "model folder",
        _ => model.Form,
    };

    public static string Job(ModelJob job) => $"{(job.Kind == ModelJobKind.Pull ? "Pull" : "Build")} {job.Name}";

    /// <summary>What a running job's line says behind its name.</summary>
    public static string Progress(ModelJob job)
    {
        string amount = job is { Bytes: { } bytes, Size: { } size } ? $", {Size(bytes)} of {Size(size)}" : job.Fraction is { } share ? $", {Figures.Percent(share)}" : "";
        string rate = job.BytesPerSecond is { } speed ? $", {Size((long)speed)}/s" : "";
        string left = job.RemainingSeconds is { } seconds ? $", about {Figures.Duration(seconds)} left" : "";
        return job.Stage + amount + rate + left;
    }

    public static string Ended(ModelJob job) => job.State switch
    {
        ModelJobState.Completed when job.Kind == ModelJobKind.Pull => $"{job.Name} is pulled. Build it at a precision to serve it.",
        ModelJobState.Completed => $"{job.Name} is built and is being loaded.",
        ModelJobState.Cancelled when job.Kind == ModelJobKind.Pull => $"Pulling {job.Name} was cancelled. What arrived is kept; pulling again goes on from there.",
        ModelJobState.Cancelled => $"Building {job.Name} was cancelled.",
        _ => $"{Job(job)} failed: {job.Error ?? "no reason was given"}",
    };
}
