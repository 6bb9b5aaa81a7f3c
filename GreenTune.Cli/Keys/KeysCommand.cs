using System.CommandLine;
using GreenTune.Cli.CommandLine;
using GreenTune.Cli.Output;
using GreenTune.Cli.Requests;
using GreenTune.Cli.Services;
using GreenTune.Core.Access;
using GreenTune.Core.Contracts;

namespace GreenTune.Cli.Keys;

/// <summary>greentune keys: who may call GreenTune, from Accounting, which keeps the keys.</summary>
internal static class KeysCommand
{
    private const int MaxLimit = 1_000_000_000;

    private static readonly Column[] Columns =
    [
        new("Id"),
        new("Key", Drop: 2),
        new("Name", Folds: true),
        new("Tenant", Drop: 3),
        new("Role"),
        new("State", Folds: true),
        new("Last used (UTC)", Drop: 4),
        new("Limits", Drop: 5, Folds: true),
    ];

    public static Command Create(CliConsole console) => new("keys", "API keys: who may call GreenTune, and as what.")
    {
        Make(console),
        List(console),
        Revoke(console),
        Generate(console),
    };

    private static Command Make(CliConsole console)
    {
        Option<Uri> url = CommonOptions.Url("Accounting", RequestsCommand.DefaultAddress);
        var name = new Option<string>("--name") { Description = "Who or what uses it, 1 to 80 characters.", HelpName = "name", Required = true };
        Option<string?> tenant = CommonOptions.Text("--tenant", "tenant", "Whose requests it makes. The default is default.", text => Identifiers.IsTenant(text), Identifiers.TenantForm, "team-support");
        Option<AccessRole?> role = CommonOptions.Word<AccessRole>("--role", "What it may do");
        Option<DateTimeOffset?> expires = CommonOptions.Time("--expires", "When it ceases to hold. The default is never.");
        Option<int?> requests = CommonOptions.Whole("--requests-per-minute", "count", "Requests it may make a minute.", 1, MaxLimit, 60);
        Option<int?> tokens = CommonOptions.Whole("--tokens-per-minute", "count", "Tokens it may use a minute, prompt and answer together.", 1, MaxLimit, 100_000);
        Option<int?> concurrent = CommonOptions.Whole("--concurrent", "count", "Requests it may have answered at once.", 1, MaxLimit, 8);
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("create", "Makes a key. It is shown this once and kept nowhere.") { name, tenant, role, expires, requests, tokens, concurrent, url, json }
            .WithExamples("greentune keys create --name \"support desk\" --tenant team-support", "greentune keys create --name ops --role operate --expires 2027-12-31T00:00:00Z", "greentune keys create --name batch --tokens-per-minute 100000 --concurrent 8");
        command.SetAction(async (result, cancellation) =>
        {
            var input = new KeyInput
            {
                Name = result.GetRequiredValue(name),
                Tenant = result.GetValue(tenant) ?? Headers.DefaultTenant,
                Role = result.GetValue(role) ?? AccessRole.Use,
                ExpiresAt = result.GetValue(expires),
                Limits = new KeyLimits { RequestsPerMinute = result.GetValue(requests), TokensPerMinute = result.GetValue(tokens), Concurrent = result.GetValue(concurrent) },
            };
            using var service = new ServiceClient("Accounting", result.GetRequiredValue(url));
            KeyCreated created = await service.AnswerAsync<KeyCreated>(HttpMethod.Post, "api/keys", input, cancellation);
            if (result.GetValue(json))
            {
                console.Json(created);
                return ExitCodes.Ok;
            }

            // The key alone on the output, so that a script can take it.
            console.Output.WriteLine(created.Key);
            console.Note($"{Figures.Word(created.View.Role)} of the tenant {created.View.Tenant}; id {created.View.Id}. This is the only time that the key is shown.");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command List(CliConsole console)
    {
        Option<Uri> url = CommonOptions.Url("Accounting", RequestsCommand.DefaultAddress);
        Option<bool> json = CommonOptions.Json();
        Command command = new Command("list", "Lists keys by their first characters, the newest first.") { url, json }.WithExamples("greentune keys list");
        command.SetAction(async (result, cancellation) =>
        {
            using var service = new ServiceClient("Accounting", result.GetRequiredValue(url));
            KeyView[] keys = await service.GetAsync<KeyView[]>("api/keys", cancellation);
            if (result.GetValue(json))
                console.Json(keys);
            else if (keys.Length == 0)
                console.Output.WriteLine("There are no keys. 'greentune keys create --name ops --role admin' makes one; they are asked for once Access:RequireKeys is on or a service listens beyond loopback.");
            else
                console.Table(Columns, keys.Select(key => Row(key, console.Clock.GetUtcNow())));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Revoke(CliConsole console)
    {
        Option<Uri> url = CommonOptions.Url("Accounting", RequestsCommand.DefaultAddress);
        var id = new Argument<Guid>("id")
        {
            Description = "The key's id, as in the list.",
            CustomParser = result =>
            {
                if (Guid.TryParse(result.Tokens[^1].Value, out Guid value))
                    return value;
                result.AddError($"<id> is '{result.Tokens[^1].Value}', where it takes a key's id as 'greentune keys list' shows it, for example 0193c2f1-a4b8-7c5e-9d3f-6a2b1c0d4e5f");
                return default;
            },
        };
        Command command = new Command("revoke", "Revokes a key. Services hear of it within seconds.") { id, url }.WithExamples("greentune keys revoke 0193c2f1-a4b8-7c5e-9d3f-6a2b1c0d4e5f");
        command.SetAction(async (result, cancellation) =>
        {
            using var service = new ServiceClient("Accounting", result.GetRequiredValue(url));
            KeyView key = await service.AnswerAsync<KeyView>(HttpMethod.Delete, $"api/keys/{result.GetRequiredValue(id)}", null, cancellation);
            console.Output.WriteLine($"{key.Prefix}... \"{key.Name}\" holds no longer.");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Generate(CliConsole console)
    {
        Command command = new Command("generate", "Makes up the text of a key without asking any service, for Access:BootstrapKey: Accounting makes it the first key with the role admin.")
            .WithExamples("greentune keys generate", "export Access__BootstrapKey=$(greentune keys generate)");
        command.SetAction(_ =>
        {
            console.Output.WriteLine(AccessKeys.Create());
            return ExitCodes.Ok;
        });
        return command;
    }

    private static IReadOnlyList<string> Row(KeyView key, DateTimeOffset now) =>
    [
        key.Id.ToString(),
        key.Prefix + "...",
        key.Name,
        key.Tenant,
        Figures.Word(key.Role),
        key.RevokedAt is { } revoked ? $"revoked {Figures.Time(revoked)} by {key.RevokedBy}"
            : key.ExpiresAt is { } expires ? $"{(expires <= now ? "expired" : "expires")} {Figures.Time(expires)}"
            : "holds",
        key.LastUsedAt is { } used ? Figures.Time(used) : "never",
        Limits(key.Limits),
    ];

    private static string Limits(KeyLimits limits)
    {
        string[] parts =
        [
            .. limits.RequestsPerMinute is { } requests ? [$"{Figures.Count(requests)} requests/min"] : Array.Empty<string>(),
            .. limits.TokensPerMinute is { } tokens ? [$"{Figures.Count(tokens)} tokens/min"] : Array.Empty<string>(),
            .. limits.Concurrent is { } concurrent ? [$"{Figures.Count(concurrent)} at once"] : Array.Empty<string>(),
        ];
        return parts.Length == 0 ? "none" : string.Join(", ", parts);
    }
}
