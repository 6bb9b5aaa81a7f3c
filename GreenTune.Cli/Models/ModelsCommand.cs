using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Models.Building;
using GreenTune.Models.Store;

namespace GreenTune.Cli.Models;

/// <summary>greentune models: the checkpoints, the configurations they make, and their folders on this machine.</summary>
internal static class ModelsCommand
{
    public static Command Create(CliConsole console) => new("models", "Models and their configurations on this machine.")
    {
        List(console),
        ModelsPull.Command(console),
        ModelsImport.Command(console),
        Build(console),
        Show(console),
        ModelsVerify.Command(console),
        ModelsCheck.Command(console),
        ModelsRemove.Command(console),
    };

    private static Command List(CliConsole console)
    {
        var places = new PlaceOptions();
        Option<Provider?> provider = CommonOptions.Word<Provider>("--provider", "Only configurations for this provider");
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("list", "Lists the catalog, the models on this machine, and every configuration: whether it is built, its size and where it is.") { provider, json }
            .WithExamples("greentune models list", "greentune models list --provider cpu --json");
        places.AddTo(command, catalog: true);
        command.SetAction((result, cancellation) => Task.Run(
            () =>
            {
                ModelStore store = places.Open(result, console.Clock);
                return ModelsList.Run(console, store, places.Catalog(result, store), result.GetValue(provider), result.GetValue(json), cancellation);
            },
            cancellation));
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
}
