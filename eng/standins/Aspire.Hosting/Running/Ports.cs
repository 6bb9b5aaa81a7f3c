using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>Gives every endpoint its ports before anything starts.</summary>
internal static class Ports
{
    /// <summary>
    /// Fixed ports are checked first, and all that are taken are named in one error. The first replica has the fixed port; others, and
    /// endpoints without one, get free ports.
    /// </summary>
    public static void Allocate(IEnumerable<ProjectResource> projects)
    {
        var all = projects.SelectMany(project => project.Endpoints.Select(endpoint => (Project: project, Endpoint: endpoint))).ToList();
        var used = new Dictionary<int, string>();
        var errors = new List<string>();
        foreach (var (project, endpoint) in all)
        {
            if (Fixed(endpoint) is not { } port)
            {
                continue;
            }

            if (port is < 1 or > 65535)
            {
                errors.Add($"Port {port} of '{project.Name}' is not a port: 1 to 65535. {Advice(project, endpoint)}");
            }
            else if (!used.TryAdd(port, project.Name))
            {
                errors.Add($"Port {port} is wanted by both '{used[port]}' and '{project.Name}'. {Advice(project, endpoint)}");
            }
            else if (!IsFree(port))
            {
                var owner = PortOwner.Find(port) is { } process ? $" by {process}" : string.Empty;
                errors.Add($"Port {port}, which '{project.Name}' listens on, is taken{owner}. Stop that, or choose another port: {Advice(project, endpoint)}");
            }
        }

        if (errors.Count > 0)
        {
            throw new DistributedApplicationException(string.Join(Environment.NewLine, errors));
        }

        foreach (var (project, endpoint) in all)
        {
            var first = Fixed(endpoint);
            endpoint.Replicas =
            [
                .. Enumerable.Range(0, project.Replicas).Select(replica =>
                    new AllocatedEndpoint(endpoint, endpoint.TargetHost, replica == 0 && first is { } port ? port : Free(used))),
            ];
            endpoint.AllocatedEndpoint = endpoint.Replicas[0];
        }
    }

    private static int? Fixed(EndpointAnnotation endpoint) => endpoint.Port ?? endpoint.TargetPort;

    private static string Advice(ProjectResource project, EndpointAnnotation endpoint)
    {
        var other = (Fixed(endpoint) ?? 5000) is > 0 and < 65000 and var port ? port + 100 : 5100;
        return $"--Ports:{project.Name}={other} (or the environment variable Ports__{project.Name}={other}).";
    }

    private static bool IsFree(int port) => CanListen(IPAddress.Loopback, port) && (!Socket.OSSupportsIPv6 || CanListen(IPAddress.IPv6Loopback, port));

    private static bool CanListen(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported)
        {
            // No such loopback address on this machine: nobody else can hold the port there either.
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int Free(Dictionary<int, string> used)
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;
            if (used.TryAdd(port, "free"))
            {
                return port;
            }
        }
    }
}
