using System.Text.Json;
using GreenTune.Models.Tests.Support;
using GreenTune.Models.Tokenization;

namespace GreenTune.Models.Tests.Tokenization;

/// <summary>Ids and texts against what Hugging Face's tokenizers gives for 52 awkward strings each.</summary>
public sealed class ReferenceTokenizersTests
{
    public static TheoryData<string> Tokenizers => ["gpt2", "llama2", "llama3", "mistral", "qwen2", "smollm"];

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Ids_and_texts_are_those_of_the_reference(string name)
    {
        string folder = Path.Combine(Repository.Fixture("tokenizers"), name);
        using ChatTokenizer tokenizer = ChatTokenizer.Open(folder);
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json")));
        int strings = 0;
        foreach (JsonElement item in expected.RootElement.EnumerateArray())
        {
            string text = item.GetProperty("text").GetString()!;
            int[] ids = ExpectedAnswer.Integers(item.GetProperty("ids"));
            Assert.Equal((text, string.Join(' ', ids)), (text, string.Join(' ', tokenizer.Encode(text))));
            Assert.Equal((text, string.Join(' ', ExpectedAnswer.Integers(item.GetProperty("ids_with_special")))), (text, string.Join(' ', tokenizer.EncodePrompt(text))));
            Assert.Equal((text, item.GetProperty("decoded").GetString()), (text, tokenizer.Decode(ids, skipSpecialTokens: false)));
            strings++;
        }
        Assert.Equal(52, strings);
    }
}
