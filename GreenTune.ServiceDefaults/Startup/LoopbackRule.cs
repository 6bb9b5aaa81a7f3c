using System.Net;
using GreenTune.ServiceDefaults.Access;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Startup;

/// <summary>
/// A service that asks for no keys is for this machine alone. What the configuration asks for is checked before the server listens, and
/// what it listens on in the end is checked again, since code can add addresses that no configuration shows.
/// </summary>
internal sealed partial class LoopbackRule(IConfiguration configuration, IOptions<SecurityOptions> security, IServiceProvider services, ILogger<LoopbackRule> logger) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        Check(Requested(configuration));
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        Check(services.GetService<IServer>()?.Features.Get<IServerAddressesFeature>()?.Addresses ?? []);
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <exception cref="InvalidOperationException">An address reaches beyond this machine and that is not allowed.</exception>
    internal void Check(IEnumerable<string> addresses)
    {
        if (services.GetService<KeySwitch>() is { On: true })
        {
            return;
        }

        foreach (var address in addresses.Where(address => !IsLoopback(address)))
        {
            if (!security.Value.AllowUnauthenticatedNonLoopback)
            {
                throw new InvalidOperationException(
                    $"This service would listen on {address}, which other machines reach, and it asks nobody for a key. Turn keys on with {AccessOptions.Section}:RequireKeys=true (environment: {AccessOptions.Section}__RequireKeys=true), listen on http://localhost:<port> instead (ASPNETCORE_URLS, --urls, Kestrel:Endpoints), or accept the risk with {SecurityOptions.Section}:AllowUnauthenticatedNonLoopback=true (environment: {SecurityOptions.Section}__AllowUnauthenticatedNonLoopback=true).");
            }

            LogOpen(address);
        }
    }

    /// <summary>What the configuration asks for, in Kestrel's order: its endpoints, else urls, else ports, which mean every address of the machine.</summary>
    internal static IReadOnlyList<string> Requested(IConfiguration configuration)
    {
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"]).OfType<string>().ToList();
        if (endpoints.Count > 0)
        {
            return endpoints;
        }

        if (configuration["urls"] is { Length: > 0 } urls)
        {
            return urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        }

        return [.. Ports("http").Concat(Ports("https"))];

        IEnumerable<string> Ports(string scheme)
            => (configuration[scheme + "_ports"] ?? string.Empty).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(port => $"{scheme}://*:{port}");
    }

    internal static bool IsLoopback(string address)
    {
        BindingAddress binding;
        try
        {
            binding = BindingAddress.Parse(address);
        }
        catch (FormatException)
        {
            // Not an address: the server says so better.
            return true;
        }

        if (binding.IsUnixPipe || binding.IsNamedPipe)
        {
            return true;
        }

        var host = binding.Host.Trim('[', ']');
        return string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
            || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip));
    }

    [LoggerMessage(1, LogLevel.Warning, "Listening on {Address}, which other machines reach, without authentication")]
    private partial void LogOpen(string address);
}
