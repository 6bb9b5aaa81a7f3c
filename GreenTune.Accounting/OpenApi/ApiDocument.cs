using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GreenTune.Core.Units;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace GreenTune.Accounting.OpenApi;

/// <summary>/openapi/v1.json: every call with its parameters, bodies, answers and problems.</summary>
internal static partial class ApiDocument
{
    private static readonly Type[] Units = [typeof(Joules), typeof(Watts), typeof(GramsCO2e), typeof(GramsPerKilowattHour)];

    public static void AddApiDocument(this IServiceCollection services) => services.AddOpenApi(options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "GreenTune Accounting",
                Version = typeof(ApiDocument).Assembly.GetName().Version?.ToString(3) ?? "0.0.0",
                Description = "Records, budgets, carbon, reports and ThreeE. Times are ISO 8601 with an offset, energies joules, emissions grams of CO2e unless a name says otherwise; null is what is not known, with a reason. Errors are problem documents (RFC 9457).",
            };
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            Type type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
            // A unit travels as a plain number, which its converter does not tell.
            if (Units.Contains(type))
            {
                schema.Type = JsonSchemaType.Number | (type == context.JsonTypeInfo.Type ? 0 : JsonSchemaType.Null);
                schema.Format = "double";
            }

            return Task.CompletedTask;
        });
        options.AddOperationTransformer(DescribeAsync);
    });

    public static void MapApiDocument(this WebApplication app) => app.MapOpenApi();

    /// <summary>A route without the constraints of its parameters: /api/plans/{id:guid} is /api/plans/{id}.</summary>
    public static string Plain(string route) => "/" + Constraint().Replace(route.TrimStart('/'), "{$1}");

    private static async Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        string route = Plain(context.Description.RelativePath ?? "");
        ApiCall? call = ApiCatalog.Calls.GetValueOrDefault($"{context.Description.HttpMethod} {route}");
        operation.Tags = new HashSet<OpenApiTagReference> { new(route.Split('/') is [_, "api", var part, ..] ? part : "service", context.Document) };
        foreach (QueryParameter parameter in call?.Query ?? [])
        {
            (operation.Parameters ??= []).Add(Describe(parameter));
        }

        if (call?.Body is { } body)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = await context.GetOrCreateSchemaAsync(body, cancellationToken: cancellation) } },
            };
        }

        OpenApiSchema problem = await context.GetOrCreateSchemaAsync(typeof(ProblemDetails), cancellationToken: cancellation);
        void Problem(bool there, int status, string description)
        {
            string code = status.ToString(System.Globalization.CultureInfo.InvariantCulture);
            if (there && (operation.Responses ??= []).TryAdd(code, new OpenApiResponse { Description = description, Content = Content(problem) }) is false)
            {
                operation.Responses[code].Description = description;
            }
        }

        Problem(call is not null, 400, "A parameter or field is malformed; \"errors\" names each with what would be right.");
        Problem(route.Contains('{', StringComparison.Ordinal), 404, "There is no such thing.");
        Problem(call?.Body is not null && context.Description.HttpMethod != "GET", 409, "It contradicts what is there.");
        Problem(call?.Body is not null, 413, "The body is too large.");
        Problem(call?.Body is not null, 415, "The body is not JSON.");
        Problem(route.StartsWith("/api/", StringComparison.Ordinal), 503, "The books cannot be read or written now; Retry-After says when to try again. Nothing of the request was stored.");
    }

    private static Dictionary<string, OpenApiMediaType> Content(OpenApiSchema schema) => new() { ["application/problem+json"] = new() { Schema = schema } };

    private static OpenApiParameter Describe(QueryParameter parameter) => new()
    {
        Name = parameter.Name,
        In = ParameterLocation.Query,
        Required = parameter.Required,
        Description = parameter.Description,
        Schema = new OpenApiSchema
        {
            Type = parameter.Type switch
            {
                "integer" => JsonSchemaType.Integer,
                "number" => JsonSchemaType.Number,
                "boolean" => JsonSchemaType.Boolean,
                _ => JsonSchemaType.String,
            },
            Enum = parameter.Words?.Select(word => (JsonNode)JsonValue.Create(word)).ToList(),
        },
    };

    [GeneratedRegex(@"\{(\w+):[^}]*\}")]
    private static partial Regex Constraint();
}
