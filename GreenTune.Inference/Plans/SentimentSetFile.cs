namespace GreenTune.Inference.Plans;

/// <summary>Where the bundled sentiment set lies.</summary>
internal sealed class SentimentSetFile(string directory)
{
    /// <exception cref="FileNotFoundException">It is not beside the bundled models.</exception>
    public SentimentSet Read()
    {
        string path = Path.Combine(directory, SentimentSet.FileName);
        return File.Exists(path)
            ? SentimentSet.Read(path)
            : throw new FileNotFoundException($"{SentimentSet.FileName} is not in {directory}. Set Inference:ModelsDirectory to the folder of the bundled models.");
    }
}
