using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Core.Contracts;

namespace GreenTune.Cli.Chat;

/// <summary>greentune chat: one question, its answer as it is generated, and what it cost.</summary>
internal static class ChatCommand
{
    public static Command Create(CliConsole console)
    {
        var prompt = new Argument<string>("prompt") { Description = "What to ask. '-' reads it from standard input." };
        Option<Uri> url = CommonOptions.Url("Inference", "http://localhost:5101");
        var model = new Option<string>("--model")
        {
            Description = "A configuration, a model, or auto for what the ThreeE settings choose.",
            HelpName = "id",
            DefaultValueFactory = _ => "auto",
        };
        var system = new Option<string?>("--system") { Description = "What the model is told before the prompt.", HelpName = "text" };
        Option<int?> maxTokens = CommonOptions.Whole("--max-tokens", "tokens", "Longest answer. The service decides where it is not said.", 1, 1_000_000, 200);
        Option<double?> temperature = Temperature();
        Option<string?> tenant = CommonOptions.Text("--tenant", "name", "Tenant whose budget pays.", Identifiers.IsTenant, Identifiers.TenantForm, "playground");
        Option<string?> session = CommonOptions.Text("--session", "name", "Session that the request belongs to.", Identifiers.IsSession, Identifiers.SessionForm, "trial-1");
        var noWait = new Option<bool>("--no-wait") { Description = "Do not wait for the meter: the energy is then a prediction." };
        var json = new Option<bool>("--json") { Description = "Write one JSON object with the answer and its usage." };
        Command command = new Command("chat", "Asks a model, prints its answer as it comes, and what it cost.") { prompt, url, model, system, maxTokens, temperature, tenant, session, noWait, json }
            .WithExamples("greentune chat \"What is a carbon budget?\"", "greentune chat \"Summarise this.\" --model greentune-tiny-int4 --max-tokens 60", "echo Hello | greentune chat -");
        command.SetAction(async (result, cancellation) =>
        {
            var question = new ChatQuestion
            {
                Prompt = await PromptAsync(console, result.GetRequiredValue(prompt), cancellation),
                Model = result.GetRequiredValue(model),
                System = result.GetValue(system),
                MaxTokens = result.GetValue(maxTokens),
                Temperature = result.GetValue(temperature),
                Tenant = result.GetValue(tenant),
                Session = result.GetValue(session),
                WaitForEnergy = !result.GetValue(noWait),
            };
            return await ChatRun.RunAsync(console, result.GetRequiredValue(url), question, result.GetValue(json), cancellation);
        });
        return command;
    }

    private static async Task<string> PromptAsync(CliConsole console, string prompt, CancellationToken cancellation)
    {
        string text = prompt == "-" ? (await console.Input.ReadToEndAsync(cancellation)).Trim() : prompt;
        return string.IsNullOrWhiteSpace(text)
            ? throw new BadUsageException(prompt == "-" ? "standard input has no prompt in it" : "<prompt> is empty, where it takes a text")
            : text;
    }

    private static Option<double?> Temperature() => new("--temperature")
    {
        Description = "0 takes the likeliest token at each step; up to 2 draws more freely. The model's own where it is not said.",
        HelpName = "0..2",
        CustomParser = Parse,
    };

    private static double? Parse(ArgumentResult result)
    {
        string text = result.Tokens[^1].Value;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value is >= 0 and <= 2)
            return value;
        result.AddError($"--temperature is '{text}', where it takes a number from 0 to 2, for example --temperature 0.7");
        return null;
    }
}
