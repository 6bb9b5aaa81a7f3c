using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace GreenTune.ServiceDefaults.Errors;

/// <summary>Every error that has no body of its own is answered with a problem document (RFC 9457); under /v1 Inference writes OpenAI's envelope.</summary>
internal static class ProblemExtensions
{
    public static void AddProblems(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<HttpLimitOptions>().BindConfiguration(HttpLimitOptions.Section).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<HttpLimitOptions>, HttpLimitOptionsRules>());
        builder.Services.AddOptions<KestrelServerOptions>().Configure<IOptions<HttpLimitOptions>>((kestrel, limits) => kestrel.Limits.MaxRequestBodySize = limits.Value.MaxRequestBodyBytes);
        // Otherwise a body that is not JSON becomes an empty 400 outside Development, without a word on what is wrong with it.
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.AddProblemDetails(options => options.CustomizeProblemDetails = Explain);
    }

    /// <summary>Right behind the server span, around the whole pipeline.</summary>
    public static void UseProblems(this IApplicationBuilder app)
    {
        app.UseExceptionProblems();
        app.UseStatusCodePages();
    }

    /// <summary>
    /// Answers exceptions. A service has it twice: around everything, and around its endpoints (MapDefaultEndpoints), since in Development
    /// the framework puts its own page between the two, which shows a client the stack trace and the headers.
    /// </summary>
    public static void UseExceptionProblems(this IApplicationBuilder app) => app.UseExceptionHandler(new ExceptionHandlerOptions
    {
        StatusCodeSelector = exception => exception is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError,
        // What a client did wrong is told to the client; it is no error of ours to log.
        SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException,
    });

    private static void Explain(ProblemDetailsContext context)
    {
        var http = context.HttpContext;
        var problem = context.ProblemDetails;
        problem.Instance ??= http.Request.Path;
        if (problem.Detail is not null)
        {
            return;
        }

        var exception = context.Exception ?? http.Features.Get<IExceptionHandlerFeature>()?.Error;
        problem.Detail = (problem.Status, exception) switch
        {
            (StatusCodes.Status413PayloadTooLarge, _) => string.Create(CultureInfo.InvariantCulture, $"The body is longer than {Limit(http)} bytes, the limit of this service (Http:MaxRequestBodyBytes)."),
            (_, BadHttpRequestException { InnerException: JsonException json }) => "The body is not the JSON that this call expects: " + Explain(json),
            (_, BadHttpRequestException bad) => bad.Message,
            (StatusCodes.Status404NotFound, _) => $"There is nothing at {http.Request.Path}.",
            (StatusCodes.Status405MethodNotAllowed, _) => $"{http.Request.Path} does not take {http.Request.Method}. It takes: {http.Response.Headers.Allow}.",
            (StatusCodes.Status415UnsupportedMediaType, _) => "The body has to be JSON: send the header Content-Type: application/json.",
            ( >= 500, _) => "This is an error of the service, not of the request. Its log has more under the trace id.",
            _ => null,
        };
    }

    /// <summary>`$.limit: The JSON value could not be converted to System.Double.`, without the line and byte numbers that System.Text.Json adds.</summary>
    private static string Explain(JsonException exception)
    {
        var message = exception.Message;
        var path = message.IndexOf(" Path: ", StringComparison.Ordinal);
        var what = path < 0 ? message : message[..path];
        var where = exception.LineNumber is { } line ? string.Create(CultureInfo.InvariantCulture, $" (line {line + 1}, byte {exception.BytePositionInLine + 1})") : string.Empty;
        return string.IsNullOrEmpty(exception.Path) || exception.Path == "$" ? what + where : $"{exception.Path}: {what}{where}";
    }

    private static long Limit(HttpContext context)
        => context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize
            ?? context.RequestServices.GetRequiredService<IOptions<HttpLimitOptions>>().Value.MaxRequestBodyBytes;
}
