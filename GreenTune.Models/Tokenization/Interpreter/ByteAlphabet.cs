using System.Text;

namespace GreenTune.Models.Tokenization.Interpreter;

/// <summary>
/// GPT-2's writing of bytes as characters: printable Latin-1 stands for itself, every other byte for the next character from U+0100 on.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] CharacterOf = new char[256];
    private static readonly short[] ByteOf = new short[256 + 68];

    static ByteAlphabet()
    {
        Array.Fill(ByteOf, (short)-1);
        int next = 256;
        for (int b = 0; b < 256; b++)
        {
            bool printable = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            CharacterOf[b] = (char)(printable ? b : next++);
            ByteOf[CharacterOf[b]] = (short)b;
        }
    }

    /// <summary>The text's UTF-8 bytes as characters.</summary>
    public static string Encode(ReadOnlySpan<char> text)
    {
        var result = new StringBuilder(text.Length + 8);
        Encode(text, result);
        return result.ToString();
    }

    public static void Encode(ReadOnlySpan<char> text, StringBuilder result)
    {
        Span<byte> bytes = stackalloc byte[4];
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c < 0x80)
            {
                result.Append(CharacterOf[c]);
                continue;
            }
            Rune.DecodeFromUtf16(text[i..], out Rune rune, out int used);
            i += used - 1;
            int length = rune.EncodeToUtf8(bytes);
            for (int b = 0; b < length; b++)
                result.Append(CharacterOf[bytes[b]]);
        }
    }

    /// <summary>The bytes that a token's characters stand for; its own UTF-8 when a character stands for none.</summary>
    public static byte[] Decode(string token)
    {
        var bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            if (token[i] >= ByteOf.Length || ByteOf[token[i]] < 0)
                return Encoding.UTF8.GetBytes(token);
            bytes[i] = (byte)ByteOf[token[i]];
        }
        return bytes;
    }
}
