namespace GreenTune.Models.Tests.Support;

/// <summary>greentune-nano in the types that llama.cpp's own tools wrote, see the README of that folder.</summary>
internal static class SharedGguf
{
    public static string Folder => Repository.SharedModel("gguf");

    /// <summary>Puts one of the files into a folder of its own.</summary>
    /// <param name="type">For example "q4_k_m".</param>
    /// <param name="target">The folder; it is made.</param>
    public static string Put(string type, string target)
    {
        string name = $"greentune-nano-{type}.gguf";
        string source = Path.Combine(Folder, name);
        Directory.CreateDirectory(target);
        File.Copy(source, Path.Combine(target, name));
        return target;
    }
}
