using System;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Security.Cryptography;
using System.Threading;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Fetches one npm package into the user's cache, checks its SHA-512 against the pinned one and keeps the named members alone.
/// Compiled by MSBuild when a package is missing (NpmPackages.targets), so it may use nothing beyond netstandard2.0.
/// A package is complete when its marker file is there; a half-made folder never is, since the folder is moved into place as a whole.
/// </summary>
public sealed class FetchNpmPackage : Task
{
    [Required]
    public string PackageName { get; set; }

    [Required]
    public string PackageVersion { get; set; }

    /// <summary>Subresource integrity of the tarball, as npm writes it: "sha512-" and the digest in base64.</summary>
    [Required]
    public string Integrity { get; set; }

    /// <summary>Files and folders of the tarball to keep, below its "package/" folder.</summary>
    [Required]
    public string[] Members { get; set; }

    /// <summary>Where the package ends up: {Folder}/{member}.</summary>
    [Required]
    public string Folder { get; set; }

    private string Id { get { return PackageName + "@" + PackageVersion; } }

    public override bool Execute()
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Folder));
            // Projects are built in parallel and several may want the same package.
            using (Lock(Folder + ".lock"))
            {
                return File.Exists(Marker(Folder)) || Fetch();
            }
        }
        catch (IOException e)
        {
            return Fail("GT0104", Id + " could not be kept in " + Folder + ": " + e.Message + " Free some space or set GREENTUNE_CACHE to another folder.");
        }
        catch (UnauthorizedAccessException e)
        {
            return Fail("GT0104", Id + " could not be kept in " + Folder + ": " + e.Message + " Set GREENTUNE_CACHE to a folder that can be written.");
        }
    }

    private bool Fetch()
    {
        Log.LogMessage(MessageImportance.High, "GreenTune: fetching " + Id + " from npm (once, kept in " + Folder + ")");
        // Under the lock, so whatever an interrupted build left half-made is nobody's.
        foreach (string leftover in Directory.GetDirectories(Path.GetDirectoryName(Folder), Path.GetFileName(Folder) + ".*.part"))
        {
            Directory.Delete(leftover, true);
        }

        string work = Folder + "." + Guid.NewGuid().ToString("N").Substring(0, 8) + ".part";
        Directory.CreateDirectory(work);
        try
        {
            string output;
            int exitCode;
            try
            {
                // cmd.exe finds npm.cmd, which CreateProcess alone does not.
                exitCode = Path.DirectorySeparatorChar == '\\'
                    ? Run("cmd.exe", "/c npm pack " + Id + " --silent", work, out output)
                    : Run("npm", "pack " + Id + " --silent", work, out output);
            }
            catch (Win32Exception)
            {
                return Fail("GT0101", "npm was not found. ONNX Runtime comes from npm packages on this package feed: install Node.js 18 or newer (on Debian: apt-get install npm) and build again.");
            }

            string[] tarballs = Directory.GetFiles(work, "*.tgz");
            if (exitCode != 0 || tarballs.Length != 1)
            {
                return Fail("GT0102", "npm could not fetch " + Id + ". Check the network and `npm view " + Id + "`, then build again. npm said: " + OneLine(output));
            }

            string actual;
            using (SHA512 sha = SHA512.Create())
            using (FileStream stream = File.OpenRead(tarballs[0]))
            {
                actual = "sha512-" + Convert.ToBase64String(sha.ComputeHash(stream));
            }

            if (!string.Equals(actual, Integrity, StringComparison.Ordinal))
            {
                return Fail("GT0103", Id + " is not the package that was pinned, or its download is corrupt: its integrity is " + actual + ", expected " + Integrity + ". Nothing of it was kept. Run `npm cache clean --force` and build again.");
            }

            string contents = Path.Combine(work, "contents");
            Directory.CreateDirectory(contents);
            string members = "";
            foreach (string member in Members)
            {
                members += " \"package/" + member + "\"";
            }

            if (Run("tar", "-xzf \"" + tarballs[0] + "\" -C \"" + contents + "\"" + members, work, out output) != 0)
            {
                return Fail("GT0104", Id + " could not be unpacked: " + OneLine(output));
            }

            string package = Path.Combine(contents, "package");
            File.WriteAllText(Marker(package), Integrity + Environment.NewLine);
            if (Directory.Exists(Folder))
            {
                Directory.Delete(Folder, true);
            }

            Directory.Move(package, Folder);
            return true;
        }
        finally
        {
            Directory.Delete(work, true);
        }
    }

    private static string Marker(string folder) { return Path.Combine(folder, ".complete"); }

    private bool Fail(string code, string message)
    {
        Log.LogError(null, code, null, null, 0, 0, 0, 0, "GreenTune: " + message);
        return false;
    }

    private static FileStream Lock(string path)
    {
        DateTime giveUp = DateTime.UtcNow.AddMinutes(10);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                if (DateTime.UtcNow > giveUp)
                {
                    throw;
                }

                Thread.Sleep(200);
            }
        }
    }

    private static int Run(string file, string arguments, string directory, out string output)
    {
        ProcessStartInfo start = new ProcessStartInfo(file, arguments)
        {
            WorkingDirectory = directory,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using (Process process = Process.Start(start))
        {
            System.Threading.Tasks.Task<string> errors = process.StandardError.ReadToEndAsync();
            output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            output += errors.Result;
            return process.ExitCode;
        }
    }

    private static string OneLine(string text)
    {
        string line = text.Replace("\r", " ").Replace("\n", " ").Trim();
        return line.Length > 400 ? line.Substring(0, 400) + "..." : line.Length == 0 ? "nothing" : line;
    }
}
