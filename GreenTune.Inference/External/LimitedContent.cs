namespace GreenTune.Inference.External;

/// <summary>Reads an upstream's answer up to a limit: what comes from elsewhere must not fill this service's memory.</summary>
internal static class LimitedContent
{
    /// <exception cref="IOException">It is longer, or broke off.</exception>
    public static async Task<byte[]> ReadAsync(HttpContent content, int limit, CancellationToken cancellation)
    {
        await using Stream stream = await content.ReadAsStreamAsync(cancellation);
        using var read = new MemoryStream();
        byte[] buffer = new byte[16 << 10];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellation)) > 0)
        {
            if (read.Length + count > limit)
            {
                throw new IOException($"it is longer than {limit >> 10} kB");
            }

            read.Write(buffer, 0, count);
        }

        return read.ToArray();
    }
}
