using System;
using System.IO;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Writes one embedded resource of an assembly to a file without loading the assembly, so that its platform does not matter.
/// Compiled by MSBuild (BlazorScript.targets), so it may use nothing beyond netstandard2.0 and System.Reflection.Metadata.
/// </summary>
public sealed class TakeBlazorScript : Task
{
    [Required]
    public string AssemblyFile { get; set; }

    [Required]
    public string ResourceName { get; set; }

    [Required]
    public string OutputFile { get; set; }

    public override bool Execute()
    {
        try
        {
            byte[] content = Read();
            if (content == null)
            {
                return Fail("GT0202", AssemblyFile + " holds no resource named " + ResourceName + ". Delete that package's folder and build again.");
            }

            Directory.CreateDirectory(Path.GetDirectoryName(OutputFile));
            // Written beside and moved into place: a build that is stopped leaves no half file, and parallel builds do not see one.
            string part = OutputFile + "." + Guid.NewGuid().ToString("N").Substring(0, 8) + ".part";
            File.WriteAllBytes(part, content);
            if (File.Exists(OutputFile))
            {
                File.Delete(OutputFile);
            }

            File.Move(part, OutputFile);
            return true;
        }
        catch (BadImageFormatException e)
        {
            return Fail("GT0202", AssemblyFile + " is damaged: " + e.Message + " Delete that package's folder and build again.");
        }
        catch (IOException e)
        {
            return Fail("GT0203", OutputFile + " could not be written: " + e.Message);
        }
        catch (UnauthorizedAccessException e)
        {
            return Fail("GT0203", OutputFile + " could not be written: " + e.Message);
        }
    }

    private byte[] Read()
    {
        using (FileStream stream = File.OpenRead(AssemblyFile))
        using (PEReader image = new PEReader(stream))
        {
            MetadataReader metadata = image.GetMetadataReader();
            foreach (ManifestResourceHandle handle in metadata.ManifestResources)
            {
                ManifestResource resource = metadata.GetManifestResource(handle);
                if (!metadata.StringComparer.Equals(resource.Name, ResourceName))
                {
                    continue;
                }

                // ECMA-335 II.24.2.4: the offset counts from the resources directory; four bytes of length stand before the data.
                int resources = image.PEHeaders.CorHeader.ResourcesDirectory.RelativeVirtualAddress;
                BlobReader section = image.GetSectionData(resources).GetReader();
                section.Offset = checked((int)resource.Offset);
                return section.ReadBytes(section.ReadInt32());
            }

            return null;
        }
    }

    private bool Fail(string code, string message)
    {
        Log.LogError(null, code, null, null, 0, 0, 0, 0, "GreenTune: " + message);
        return false;
    }
}
