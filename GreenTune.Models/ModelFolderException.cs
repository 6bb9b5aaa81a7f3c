namespace GreenTune.Models;

/// <summary>
/// A checkpoint or model folder cannot be used. The message names the tensor, file or field at fault; <see cref="Folder"/> says which folder.
/// </summary>
public sealed class ModelFolderException : Exception
{
    /// <param name="folder">Folder at fault.</param>
    /// <param name="message">What is wrong with it, naming the tensor, file or field.</param>
    /// <param name="innerException">What the platform said, when it said something.</param>
    public ModelFolderException(string folder, string message, Exception? innerException = null)
        : base($"{message} (in {folder})", innerException)
    {
        Folder = folder;
    }

    public string Folder { get; }
}
