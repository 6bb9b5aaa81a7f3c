namespace GreenTune.Soak;

/// <summary>Where the build put the services: beside this program's own folder.</summary>
internal static class Programs
{
    public static string Accounting => Of("GreenTune.Accounting");

    public static string Inference => Of("GreenTune.Inference");

    private static string Of(string project)
    {
        // artifacts/bin/<project>/<configuration>
        var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(here.Parent!.Parent!.FullName, project, here.Name, $"{project}.dll");
    }
}
