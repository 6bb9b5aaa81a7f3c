using GreenTune.ServiceDefaults.Errors;
using GreenTune.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace GreenTune.ServiceDefaults.Startup;

/// <summary>Puts the defaults' middleware around all of the service's own, whatever order its Program.cs has.</summary>
internal sealed class ServiceDefaultsFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.UseMiddleware<ServerSpanMiddleware>();
        app.UseProblems();
        app.UseMiddleware<EndlessStreams>();
        next(app);
    };
}
