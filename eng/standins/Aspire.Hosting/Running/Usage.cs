using System.Globalization;
using System.Text;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>The answer to --help.</summary>
internal static class Usage
{
    public static string For(AppModel model)
    {
        var projects = model.Projects.ToList();
        var example = projects.Count > 0 ? projects[^1].Name : "service";
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{model.AppHostName} starts {string.Join(", ", projects.Select(project => project.Name))}, keeps them running and stops them together.");
        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Usage: dotnet run --project {model.AppHostName} [-- options]");
        text.AppendLine();
        text.AppendLine("Options");
        Line(text, "--Ports:<resource>=<port>", $"another port for a resource, for example --Ports:{example}=5201");
        foreach (var parameter in model.Resources.OfType<ParameterResource>())
        {
            var section = parameter is IResourceWithConnectionString ? "ConnectionStrings" : "Parameters";
            Line(text, $"--{section}:{parameter.Name}=<value>", parameter.Secret ? "a secret; better as an environment variable" : "a value");
        }

        Line(text, "-h, --help", "this text");
        text.AppendLine();
        text.AppendLine("Resources");
        foreach (var project in projects)
        {
            var urls = project.Endpoints.Select(endpoint => $"{endpoint.UriScheme}://{endpoint.TargetHost}:{endpoint.Port?.ToString(CultureInfo.InvariantCulture) ?? "(chosen at the start)"}");
            Line(text, project.Name, string.Join(" ", urls) + Waits(project));
        }

        text.AppendLine();
        text.AppendLine("Environment variables");
        Line(text, $"Ports__{example}=5201", $"the same as --Ports:{example}=5201; the other options likewise");
        Line(text, "GREENTUNE_DATA", "folder of the services' data; an absolute path");
        Line(text, "OTEL_EXPORTER_OTLP_ENDPOINT", "where traces, metrics and logs go, for example http://localhost:4317");
        Line(text, "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc (default) or http/protobuf");
        Line(text, "NO_COLOR", "set to anything: no colour");
        text.AppendLine();
        text.Append("All other variables are passed on to the services.");
        return text.ToString();
    }

    private static string Waits(ProjectResource project)
    {
        var names = project.Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource.Name).Distinct().ToList();
        return names.Count == 0 ? string.Empty : $"  after {string.Join(", ", names)}";
    }

    private static void Line(StringBuilder text, string left, string right)
        => text.AppendLine(CultureInfo.InvariantCulture, $"  {left,-34}{right}");
}
