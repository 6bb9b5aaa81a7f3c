using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using OpenTelemetry;

namespace GreenTune.ServiceDefaults.Telemetry;

/// <summary>
/// Completes ASP.NET Core's server span, which in .NET 10 has neither route nor status: http.route, http.response.status_code, a name
/// such as `GET /api/records/{id}`, and the error status for 5xx. Requests for health are not recorded, nor is anything they cause.
/// To be removed when the framework does this itself.
/// </summary>
internal sealed class ServerSpanMiddleware(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var activity = context.Features.Get<IHttpActivityFeature>()?.Activity;
        if (HealthPaths.Contains(context.Request.Path))
        {
            if (activity is not null)
            {
                activity.IsAllDataRequested = false;
                activity.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
            }

            using (SuppressInstrumentationScope.Begin())
            {
                await next(context);
            }

            return;
        }

        if (activity is not { IsAllDataRequested: true })
        {
            await next(context);
            return;
        }

        try
        {
            await next(context);
        }
        catch (Exception exception)
        {
            // The response may have started, so that no handler could turn this into an answer.
            activity.SetTag("error.type", exception.GetType().FullName);
            activity.SetStatus(ActivityStatusCode.Error);
            throw;
        }
        finally
        {
            Complete(activity, context);
        }
    }

    private static void Complete(Activity activity, HttpContext context)
    {
        var status = context.Response.StatusCode;
        activity.SetTag("http.response.status_code", status);
        if (Route(context) is { } route)
        {
            activity.SetTag("http.route", route);
            activity.DisplayName = $"{context.Request.Method} {route}";
        }
        else
        {
            activity.DisplayName = context.Request.Method;
        }

        if (status >= 500)
        {
            activity.SetStatus(ActivityStatusCode.Error);
            if (activity.GetTagItem("error.type") is null)
            {
                activity.SetTag("error.type", status.ToString(CultureInfo.InvariantCulture));
            }
        }
    }

    private static string? Route(HttpContext context)
    {
        // The exception handler clears the endpoint on its way out and keeps it in its feature.
        var endpoint = context.GetEndpoint() ?? context.Features.Get<Microsoft.AspNetCore.Diagnostics.IExceptionHandlerFeature>()?.Endpoint;
        return (endpoint as RouteEndpoint)?.RoutePattern.RawText is not { } pattern ? null
            : pattern.StartsWith('/') ? pattern
            : "/" + pattern;
    }
}
