using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Shell;
using GreenTune.ServiceDefaults.Access;
using GreenTune.ServiceDefaults.Data;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace GreenTune.Dashboard.Access;

/// <summary>Signing in with an API key, once keys are on: a cookie that no script reads, checked against Accounting at most once a minute, so that a revoked key ends it.</summary>
internal static partial class SignInHosting
{
    public const string Scheme = CookieAuthenticationDefaults.AuthenticationScheme;
    public const string SignInPath = "/sign-in";
    public const string SignOutPath = "/sign-out";
    private const string CookieName = "greentune-session";
    private const string DataFolder = "dashboard";

    /// <summary>Unused for so long, a session ends.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(8);

    /// <summary>What the sign-in page itself needs, and what probes ask.</summary>
    private static readonly PathString[] Open = [SignInPath, "/css", "/js", "/favicon.svg", "/health", "/alive"];

    public static void AddSignIn(this WebApplicationBuilder builder)
    {
        builder.AddKeySwitch();
        RemoteKeys.Add(builder.Services);
        builder.Services.AddScoped<SignedIn>();
        builder.Services.AddAuthentication(Scheme).AddCookie(options =>
        {
            options.Cookie.Name = CookieName;
            options.Cookie.HttpOnly = true;
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.ExpireTimeSpan = Lifetime;
            options.SlidingExpiration = true;
            options.Events.OnValidatePrincipal = ValidateAsync;
        });
        builder.Services.AddSingleton<IConfigureOptions<KeyManagementOptions>, SessionKeys>();
    }

    /// <summary>Lets nobody past who is not signed in, while keys are on.</summary>
    public static void UseSignIn(this WebApplication app)
    {
        if (!app.Services.GetRequiredService<KeySwitch>().On)
        {
            return;
        }

        app.UseAuthentication();
        app.Use(GateAsync);
    }

    public static void MapSignIn(this WebApplication app)
    {
        app.MapGet(SignInPath, (HttpContext context, KeySwitch keys, string? @return) =>
            !keys.On || context.User.Identity is { IsAuthenticated: true } ? Results.LocalRedirect(Local(@return)) : Page(context, @return, null));
        // Their tokens are checked by hand: the framework's refusal would lead to a page that only those who are signed in see.
        app.MapPost(SignInPath, SignInAsync).DisableAntiforgery();
        app.MapPost(SignOutPath, SignOutAsync).DisableAntiforgery();
    }

    private static async Task<IResult> SignInAsync(
        HttpContext context, IAntiforgery antiforgery, RemoteKeys keys, KeySwitch on, ILogger<SignedIn> logger, [FromForm] string? key, [FromForm] string? @return, CancellationToken cancellation)
    {
        if (!on.On)
        {
            return Results.LocalRedirect("/");
        }

        if (!await antiforgery.IsRequestValidAsync(context))
        {
            return Page(context, @return, "The form was too old. Try once more.", StatusCodes.Status400BadRequest);
        }

        string? problem;
        try
        {
            var identity = await keys.VerifyAsync(key?.Trim() ?? string.Empty, cancellation);
            if (identity is { Role: AccessRole.Operate or AccessRole.Admin })
            {
                await context.SignInAsync(Scheme, SignedIn.PrincipalOf(identity), new AuthenticationProperties { IsPersistent = false });
                LogSignedIn(logger, identity.Name, identity.Role);
                return Results.LocalRedirect(Local(@return));
            }

            problem = identity is null
                ? "This key is unknown, was revoked or has expired."
                : $"The key \"{identity.Name}\" may make requests. The dashboard needs one with the role operate or admin.";
        }
        catch (KeysUnavailableException e)
        {
            problem = e.Message;
        }

        LogRefused(logger, problem);
        return Page(context, @return, problem);
    }

    private static async Task<IResult> SignOutAsync(HttpContext context, IAntiforgery antiforgery)
    {
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            return Results.Problem("The form is too old. Go back, load the page again and sign out.", statusCode: StatusCodes.Status400BadRequest);
        }

        await context.SignOutAsync(Scheme);
        return Results.LocalRedirect(SignInPath);
    }

    private static RazorComponentResult<SignInPage> Page(HttpContext context, string? target, string? problem, int refused = StatusCodes.Status401Unauthorized)
    {
        // As the form's protection against forgery sets them itself, with a warning where they differ.
        context.Response.Headers.CacheControl = "no-cache, no-store";
        context.Response.Headers.Pragma = "no-cache";
        return new RazorComponentResult<SignInPage>(new Dictionary<string, object?>
        {
            [nameof(SignInPage.Return)] = Local(target),
            [nameof(SignInPage.Problem)] = problem,
            [nameof(SignInPage.Theme)] = ShellPreferences.ThemeOf(context.Request.Cookies),
        })
        {
            StatusCode = problem is null ? StatusCodes.Status200OK : refused,
        };
    }

    private static Task GateAsync(HttpContext context, RequestDelegate next)
    {
        var path = context.Request.Path;
        if (context.User.Identity is { IsAuthenticated: true } || Open.Any(open => path.StartsWithSegments(open)))
        {
            return next(context);
        }

        if (HttpMethods.IsGet(context.Request.Method) && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
        {
            var wanted = path + context.Request.QueryString;
            context.Response.Redirect(wanted is "/" ? SignInPath : $"{SignInPath}?return={Uri.EscapeDataString(wanted)}");
            return Task.CompletedTask;
        }

        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        return context.Response.WriteAsync("Sign in first.", context.RequestAborted);
    }

    private static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        try
        {
            var keys = context.HttpContext.RequestServices.GetRequiredService<RemoteKeys>();
            if (context.Principal is not { } user || SignedIn.IdentityOf(user) is not { } before || await keys.FindAsync(before.Id, context.HttpContext.RequestAborted) is not { } now
                || now.Role < AccessRole.Operate)
            {
                context.RejectPrincipal();
                await context.HttpContext.SignOutAsync(Scheme);
            }
        }
        catch (KeysUnavailableException)
        {
            // Whoever was let in stays in while Accounting cannot be asked; it refuses their calls when it is back.
        }
    }

    /// <summary>A path of this site: anything else would lead whoever signs in away.</summary>
    internal static string Local(string? target) =>
        target is ['/', ..] && !target.StartsWith("//", StringComparison.Ordinal) && !target.StartsWith("/\\", StringComparison.Ordinal) && !target.Any(char.IsControl) ? target : "/";

    [LoggerMessage(1, LogLevel.Information, "Signed in with the key \"{Name}\", role {Role}")]
    private static partial void LogSignedIn(ILogger logger, string name, AccessRole role);

    [LoggerMessage(2, LogLevel.Information, "Nobody was signed in: {Problem}")]
    private static partial void LogRefused(ILogger logger, string problem);

    /// <summary>Keeps what cookies are protected with in the data directory, so that a restart signs nobody out. Only while there are sessions at all.</summary>
    private sealed class SessionKeys(IServiceProvider services, ILoggerFactory loggers) : IConfigureOptions<KeyManagementOptions>
    {
        public void Configure(KeyManagementOptions options)
        {
            if (services.GetRequiredService<KeySwitch>().On)
            {
                options.XmlRepository = new FileSystemXmlRepository(new DirectoryInfo(Path.Combine(services.GetRequiredService<DataDirectory>().Folder(DataFolder), "session-keys")), loggers);
            }
        }
    }
}
