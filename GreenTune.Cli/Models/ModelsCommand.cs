using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Models.Building;
using GreenTune.Models.Store;
using GreenTune.Models.Verification;

namespace GreenTune.Cli.Models;

/// <summary>greentune models: the checkpoints, the configurations they make, and their folders on this machine.</summary>
internal static class ModelsCommand
{
    public static Command Create(CliConsole console) => new("models", "Models and their configurations on this machine.")
    {
        List(console),
        Build(console),
        Show(console),
        Verify(console),
        Check(console),
    };

    private static Command List(CliConsole console)
    {
        var places = new PlaceOptions();
        Option<Provider?> provider = CommonOptions.Word<Provider>("--provider", "Only configurations for this provider");
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("list", "Lists every configuration: its precision, whether it is built, its size and where it is.") { provider, json }
            .WithExamples("greentune models list", "greentune models list --provider cpu --json");
        places.AddTo(command);
        command.SetAction((result, cancellation) => Task.Run(() => ModelsList.Run(console, places.Open(result, console.Clock), result.GetValue(provider), result.GetValue(json), cancellation), cancellation));
        return command;
    }

    private static Command Build(CliConsole console)
    {
        var places = new PlaceOptions();
        var ids = new Argument<string[]>("ids") { Description = "Configurations or models to build. Every configuration of the provider where none is named.", Arity = ArgumentArity.ZeroOrMore };
        Option<Provider?> provider = CommonOptions.Word<Provider>("--provider", "Where the folders will run (the default is cpu)");
        var force = new Option<bool>("--force") { Description = "Build again what is built already." };
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("build", "Builds the folders that the engine loads from the checkpoints.") { ids, provider, force, json }
            .WithExamples("greentune models build", "greentune models build greentune-tiny-int4 --method gptq", "greentune models build greentune-nano --provider cuda --force");
        var variant = new BuildVariantOptions();
        variant.AddTo(command);
        places.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            ModelStore store = places.Open(result, console.Clock);
            IReadOnlyList<ModelConfiguration> wanted = variant.Apply(result, ConfigurationNames.Find(store, result.GetValue(ids) ?? [], result.GetValue(provider) ?? Provider.Cpu));
            return ModelsBuild.RunAsync(console, store, wanted, result.GetValue(force), result.GetValue(json), cancellation);
        });
        return command;
    }

    private static Command Show(CliConsole console)
    {
        var places = new PlaceOptions();
        var id = new Argument<string>("id") { Description = "The configuration, or a model for all of its configurations." };
        Option<Provider?> provider = CommonOptions.Word<Provider>("--provider", "The provider it is for (the default is cpu)");
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("show", "Shows how a configuration was made and what one step of it costs.") { id, provider, json }
            .WithExamples("greentune models show greentune-tiny-int4", "greentune models show greentune-nano --json");
        places.AddTo(command);
        command.SetAction((result, cancellation) => Task.Run(
            () =>
            {
                ModelStore store = places.Open(result, console.Clock);
                IReadOnlyList<ModelConfiguration> wanted = ConfigurationNames.Find(store, [result.GetRequiredValue(id)], result.GetValue(provider) ?? Provider.Cpu);
                return ModelsShow.Run(console, store, wanted, result.GetValue(json), cancellation);
            },
            cancellation));
        return command;
    }

    private static Command Verify(CliConsole console)
    {
        var places = new PlaceOptions();
        var name = new Argument<string>("folder") { Description = "A built folder's path, a configuration, or a model for all of its built configurations." };
        var source = new Option<string?>("--source") { Description = "The checkpoint that the folder was built from, where it is not among those of this machine.", HelpName = "folder" };
        Option<Provider?> provider = CommonOptions.Word<Provider>("--provider", "The provider that configurations are for (the default is cpu)");
        Option<Provider?> device = CommonOptions.Word<Provider>("--device", "Where the folder is run (the default is cpu)");
        Option<int?> tokens = CommonOptions.Whole("--tokens", "count", "Tokens that are compared (the default is 1024).", 2, 1 << 20, 4096);
        var text = new Option<string?>("--text") { Description = "A text file to use instead of the bundled text.", HelpName = "file" };
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("verify", "Holds built folders against their checkpoints: logits against a plain forward pass, greedy tokens against ONNX Runtime GenAI. The result is kept in the folder, and one that failed is not served.")
        {
            name, source, provider, device, tokens, text, json,
        }.WithExamples("greentune models verify greentune-tiny-int4", "greentune models verify greentune-nano --tokens 4096 --json", "greentune models verify ./my-folder --source ./my-checkpoint");
        places.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            IReadOnlyList<ModelsVerify.Subject> subjects = await Task.Run(
                () => ModelsVerify.Find(places.Open(result, console.Clock), result.GetRequiredValue(name), result.GetValue(source), result.GetValue(provider) ?? Provider.Cpu, cancellation), cancellation);
            var options = new ParityOptions { TextFile = result.GetValue(text), Cuda = result.GetValue(device) == Provider.Cuda };
            return await ModelsVerify.RunAsync(console, subjects, result.GetValue(tokens) is { } count ? options with { Tokens = count } : options, result.GetValue(json), cancellation);
        });
        return command;
    }

    private static Command Check(CliConsole console)
    {
        var folder = new Argument<string>("folder") { Description = "A checkpoint (safetensors or GGUF), a folder that GreenTune built, or a tokenizer's folder." };
        var expected = new Option<string>("--expected") { Description = "What another implementation computed: logits and greedy tokens, greedy answers, or ids and texts of a tokenizer.", HelpName = "file", Required = true };
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("check", "Compares a model or a tokenizer with what another implementation computed for it. A checkpoint is computed twice, by the graphs and by a plain forward pass.") { folder, expected, json }
            .WithExamples("greentune models check models/greentune-nano --expected models/greentune-nano/expected_greedy.json", "greentune models check ./checkpoint --expected expected.json --json");
        command.SetAction((result, cancellation) => ModelsCheck.RunAsync(console, result.GetRequiredValue(folder), result.GetRequiredValue(expected), result.GetValue(json), cancellation));
        return command;
    }

    /// <summary>Where checkpoints come from and where folders are kept.</summary>
    private sealed class PlaceOptions
    {
        private readonly Option<string?> _models = new("--models")
        {
            Description = "Folder of checkpoints, one folder each. The default is the nearest folder 'models' above the program or the current folder.",
            HelpName = "folder",
        };

        private readonly Option<string?> _cache = new("--cache")
        {
            Description = "Folder for what is built. The default is GREENTUNE_CACHE, else the user's cache folder.",
            HelpName = "folder",
        };

        public void AddTo(Command command)
        {
            command.Add(_models);
            command.Add(_cache);
        }

        public ModelStore Open(ParseResult result, TimeProvider clock) =>
            ModelStore.Open(new ModelStoreOptions { SourceFolder = result.GetValue(_models), CacheFolder = result.GetValue(_cache) }, clock);
    }
}
