using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Models.Store;

namespace GreenTune.Cli.Models;

/// <summary>greentune models remove.</summary>
internal static class ModelsRemove
{
    public static Command Command(CliConsole console)
    {
        var places = new PlaceOptions();
        var name = new Argument<string>("name") { Description = "A pulled or imported model." };
        var yes = new Option<bool>("--yes") { Description = "Remove without asking." };
        var builtOnly = new Option<bool>("--built-only") { Description = "Remove what was built from it; the checkpoint stays." };
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("remove", "Removes a pulled or imported model and what was built from it, unless a service or a build uses it.") { name, yes, builtOnly, json }
            .WithExamples("greentune models remove smollm2-135m-instruct", "greentune models remove smollm2-135m-instruct --built-only --yes");
        places.AddTo(command);
        command.SetAction((result, cancellation) => Task.Run(
            () => Run(console, new ModelRemover(places.Open(result, console.Clock)), result.GetRequiredValue(name), result.GetValue(builtOnly), result.GetValue(yes), result.GetValue(json)),
            cancellation));
        return command;
    }

    private static int Run(CliConsole console, ModelRemover remover, string name, bool builtOnly, bool yes, bool json)
    {
        RemovalPlan plan = remover.Plan(name, builtOnly);
        string what = string.Join(" and ", new[]
        {
            plan.Source is { } source ? $"its source ({Figures.Size(source.Bytes)})" : null,
            plan.Built.Count > 0 ? $"{plan.Built.Count} built folder{(plan.Built.Count == 1 ? "" : "s")} ({Figures.Size(plan.Built.Sum(b => b.Bytes))})" : null,
        }.OfType<string>());
        bool nothing = what.Length == 0;
        if (!nothing && !yes && !Confirmed(console, plan.Name, what))
        {
            console.Note($"{plan.Name} stays.");
            return ExitCodes.Failed;
        }
        remover.Remove(plan);
        if (json)
            console.Json(new RemovalReport(plan.Name, plan.Bytes, [.. plan.Built.Select(b => b.Path).Append(plan.Source?.Path).OfType<string>()]));
        else
            console.Output.WriteLine(nothing ? $"{plan.Name}: nothing is built from it" : $"{plan.Name}: removed {what}, {Figures.Size(plan.Bytes)} freed");
        return ExitCodes.Ok;
    }

    private static bool Confirmed(CliConsole console, string name, string what)
    {
        if (!console.OutputIsTerminal)
            throw new CommandFailedException($"{name}: {what} would be removed; say so with --yes, for example greentune models remove {name} --yes");
        console.Error.Write($"Remove {what} of {SafeText.Line(name)}? [y/N] ");
        return console.Input.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }
}

/// <summary>What was removed, as --json writes it.</summary>
/// <param name="Name">The model.</param>
/// <param name="FreedBytes">What that freed.</param>
/// <param name="Folders">What is gone.</param>
internal sealed record RemovalReport(string Name, long FreedBytes, IReadOnlyList<string> Folders);
