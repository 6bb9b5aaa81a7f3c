using System.Text;
using FsCheck;
using FsCheck.Fluent;
using GreenTune.Models.Tests.Support;
using GreenTune.Models.Tokenization;
using GreenTune.Models.Tokenization.Interpreter.Normalizers;
using GreenTune.Models.Tokenization.Interpreter.Patterns;
using GreenTune.Models.Tokenization.Templates;

namespace GreenTune.Models.Tests.Tokenization;

/// <summary>Templates, texts and patterns that would hang or fill a service end with an error or are done in a moment.</summary>
public sealed class HostileInputTests
{
    [Theory]
    [InlineData("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "too many steps")]
    [InlineData("{{ 'a' * 1000000000 }}", "text of more than")]
    [InlineData("{{ [1] * 1000000000 }}", "text of more than")]
    [InlineData("{% set ns = namespace(s='aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}", "text of more than")]
    [InlineData("{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}", "too many steps")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "too deeply")]
    [InlineData("{% set ns = namespace(l=[]) %}{% for i in range(90000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}", "too deeply")]
    [InlineData("{% set ns = namespace(l=[], m=[]) %}{% for i in range(90000) %}{% set ns.l = [ns.l] %}{% set ns.m = [ns.m] %}{% endfor %}{{ ns.l == ns.m }}", "too deeply")]
    [InlineData("{{ range(10000000) }}", "Range too big")]
    [InlineData("{{ 9 ** 99999 }}", "too large")]
    [InlineData("{% set a = 'ab' * 900000 %}{% for i in range(99999) %}{{ (a + 'x') in a }}{% endfor %}", "too many steps")]
    public void A_template_is_bounded(string template, string because) =>
        Assert.Contains(because, Assert.Throws<TemplateException>(() => ChatTemplate.Parse(template).Render([], TimeProvider.System)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_template_that_nests_without_end_is_refused()
    {
        foreach (string template in new[] { "{{ " + new string('(', 100_000), "{{ " + string.Concat(Enumerable.Repeat("not ", 100_000)) + "1 }}", string.Concat(Enumerable.Repeat("{% if 1 %}", 100_000)), "{{ a" + string.Concat(Enumerable.Repeat(".b", 100_000)) + " }}" })
            Assert.Throws<TemplateException>(() => ChatTemplate.Parse(template).Render([], TimeProvider.System));
        string sum = "{{ 1" + string.Concat(Enumerable.Repeat(" + 1", 100_000)) + " }}";
        // How deep a sum may be depends on the thread's stack; it never ends the process.
        Assert.True(Record.Exception(() => ChatTemplate.Parse(sum).Render([], TimeProvider.System)) is null or TemplateException);
    }

    [Theory]
    [MemberData(nameof(ReferenceTokenizersTests.Tokenizers), MemberType = typeof(ReferenceTokenizersTests))]
    public void Long_runs_and_long_words_come_back(string name)
    {
        using ChatTokenizer tokenizer = ChatTokenizer.Open(Path.Combine(Repository.Fixture("tokenizers"), name));
        foreach (string text in new[] { new string('a', 300_000), "x" + new string(' ', 300_000) + "x", new string('\n', 300_000), string.Concat(Enumerable.Range(0, 100_000).Select(i => (char)('a' + i * i % 23))) })
            Assert.Equal(text.Length, tokenizer.Decode(tokenizer.EncodeText(text)).Length);
    }

    [Fact]
    public void A_pattern_that_tries_too_much_ends()
    {
        var matches = new List<(int, int)>();
        Assert.Throws<TokenizerException>(() => Pattern.Parse("(?:a|a)*b").Matches(new string('a', 60), matches));
        Assert.Throws<TokenizerException>(() => Pattern.Parse("(?:ab?)*c").Matches(new string('a', 1_000_000), matches));
        Assert.Throws<FormatException>(() => Pattern.Parse(new string('(', 100_000)));
    }

    [Theory]
    [InlineData(@"\p{L}+", "a𐐀𠮷b1", "a𐐀𠮷b")]
    [InlineData(@"\p{N}{1,3}", "𝟙𝟚𝟛𝟜", "𝟙𝟚𝟛|𝟜")]
    [InlineData(@"[^\s\p{L}\p{N}]+", "a🌱🔋 ", "🌱🔋")]
    [InlineData(@"(?i:'s|'LL)", "I'S we'll 'ſ", "'S|'ll|'ſ")]
    [InlineData(@"\s+(?!\S)|\s+", "a   b \u3000\u0085", "  | | \u3000\u0085")]
    [InlineData(@"a++b|a+", "aab aa", "aab|aa")]
    [InlineData(@"\p{N}{2}+", "12345", "1234")]
    [InlineData(@"(?>ab|a)c", "abc ac", "abc|ac")]
    [InlineData(@"(?<=€)\d+", "€12 34", "12")]
    [InlineData(@"[\p{L}&&[^a-c]]+", "abcdé", "dé")]
    [InlineData(@"(?:ab){2,}?", "ababab", "abab")]
    [InlineData(@"[一-龥]+|\p{Han}", "中文𠮷", "中文|𠮷")]
    [InlineData(@"[-a\]]+", "a-]b", "a-]")]
    [InlineData(@"^b$", "a\nb\nc", "b")]
    public void Patterns_match_code_points_as_Oniguruma_does(string pattern, string text, string expected)
    {
        var matches = new List<(int Start, int End)>();
        Pattern.Parse(pattern).Matches(text, matches);
        Assert.Equal(expected, string.Join('|', matches.Select(m => text[m.Start..m.End])));
    }

    [Theory]
    [InlineData("e\u0301", NormalizationForm.FormC, "\u00e9")]
    [InlineData("\u1e69", NormalizationForm.FormD, "s\u0323\u0307")]
    [InlineData("s\u0307\u0323", NormalizationForm.FormC, "\u1e69")]
    [InlineData("\u1112\u1161\u11ab", NormalizationForm.FormC, "\ud55c")]
    [InlineData("\ud55c", NormalizationForm.FormD, "\u1112\u1161\u11ab")]
    [InlineData("\u0958", NormalizationForm.FormC, "\u0915\u093c")]
    [InlineData("ﬁ½", NormalizationForm.FormKC, "fi1\u20442")]
    [InlineData("\u212b", NormalizationForm.FormC, "\u00c5")]
    [InlineData("a\u0301\u0301b", NormalizationForm.FormC, "\u00e1\u0301b")]
    public void Normalisation_forms_are_Unicodes(string text, NormalizationForm form, string expected) => Assert.Equal(expected, UnicodeNormalization.Normalize(text, form));

    [Theory]
    [MemberData(nameof(ReferenceTokenizersTests.Tokenizers), MemberType = typeof(ReferenceTokenizersTests))]
    public void Streams_never_cut_a_character_and_join_to_the_whole(string name)
    {
        using ChatTokenizer tokenizer = ChatTokenizer.Open(Path.Combine(Repository.Fixture("tokenizers"), name));
        Prop.ForAll(Gen.Choose(-2, tokenizer.VocabularySize + 2).ArrayOf().ToArbitrary(), Gen.Elements(true, false).ToArbitrary(), (ids, skip) =>
        {
            IncrementalDetokenizer stream = tokenizer.CreateStream(skip);
            List<string> pieces = [.. ids.Select(stream.Append), stream.Flush()];
            Assert.Equal(tokenizer.Decode(ids, skip), string.Concat(pieces));
            Assert.All(pieces, p => Assert.False(p.Length > 0 && (char.IsLowSurrogate(p[0]) || char.IsHighSurrogate(p[^1]))));
        }).QuickCheckThrowOnFailure();
    }
}
