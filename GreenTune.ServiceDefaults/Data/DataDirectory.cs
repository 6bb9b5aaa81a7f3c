using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace GreenTune.ServiceDefaults.Data;

/// <summary>The folder of the services' data: databases, outboxes, reports. On Unix only its owner can open what is made here.</summary>
public sealed class DataDirectory
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <param name="path">Absolute. Nothing is created yet.</param>
    /// <exception cref="ArgumentException">The path is not absolute.</exception>
    public DataDirectory(string path)
    {
        if (!System.IO.Path.IsPathFullyQualified(path))
        {
            throw new ArgumentException($"{DataOptions.Section}:Directory (or {DataOptions.Variable}) is '{path}'; it has to be an absolute path, for example /var/lib/greentune, since each service runs in a folder of its own.", nameof(path));
        }

        Path = System.IO.Path.GetFullPath(path);
    }

    public string Path { get; }

    /// <summary>Path of a folder below, created when missing.</summary>
    /// <param name="name">A single name, for example "accounting".</param>
    /// <exception cref="IOException">The folder cannot be created; the message names the option.</exception>
    public string Folder(string name)
    {
        if (name is "" or "." or ".." || name.AsSpan().IndexOfAny('/', '\\', '\0') >= 0)
        {
            throw new ArgumentException($"'{name}' is not the name of a folder.", nameof(name));
        }

        var folder = System.IO.Path.Combine(Path, name);
        Create(folder);
        return folder;
    }

    /// <summary>Makes the folder if it is not there, and writes and removes a file to see that it can.</summary>
    /// <exception cref="IOException">It cannot be created or written; the message names the option.</exception>
    public void EnsureWritable()
    {
        Create(Path);
        var probe = System.IO.Path.Combine(Path, $".probe-{Guid.NewGuid():N}");
        try
        {
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Unusable("written", e);
        }
    }

    internal static DataDirectory From(DataOptions options, IConfiguration configuration)
    {
        var path = NotEmpty(options.Directory) ?? NotEmpty(configuration[DataOptions.Variable]);
        if (path is null)
        {
            var user = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
            path = user.Length > 0
                ? System.IO.Path.Combine(user, "greentune")
                : throw new OptionsValidationException(DataOptions.Section, typeof(DataOptions), [$"This user has no folder for application data. Say where to keep it: {DataOptions.Section}:Directory, or the environment variable {DataOptions.Variable}, for example /var/lib/greentune."]);
        }

        return new DataDirectory(path);
    }

    private static string? NotEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;

    private void Create(string folder)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
            }
            else
            {
                Directory.CreateDirectory(folder, OwnerOnly);
            }
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Unusable("created", e);
        }
    }

    private IOException Unusable(string what, Exception e)
        => new($"The data folder {Path} cannot be {what}: {e.Message} Choose another with {DataOptions.Section}:Directory or the environment variable {DataOptions.Variable}, for example {DataOptions.Variable}=/var/lib/greentune.", e);
}
