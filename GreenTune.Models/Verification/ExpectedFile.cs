using System.Text.Json;
using GreenTune.Models.Folders;
using GreenTune.Models.Reference;
using Microsoft.ML.OnnxRuntime;

namespace GreenTune.Models.Verification;

/// <summary>What another implementation computed, in one of the forms that are known.</summary>
internal abstract class ExpectedFile : IDisposable
{
    /// <summary>Largest allowed difference of a logit, as a share of the largest one.</summary>
    protected const double LogitLimit = 1e-4;

    /// <summary>Largest allowed difference of a mean negative log likelihood, in nats.</summary>
    protected const double LikelihoodLimit = 2e-4;

    private readonly JsonDocument _document;

    protected ExpectedFile(JsonDocument document) => _document = document;

    /// <summary>The file holds a JSON list, as those for tokenizers do.</summary>
    public static bool IsList(string path)
    {
        using var text = new StreamReader(path);
        int next;
        do
            next = text.Read();
        while (next >= 0 && char.IsWhiteSpace((char)next));
        return next == '[';
    }

    /// <exception cref="ModelFolderException">The file is missing, no JSON, or of no known form.</exception>
    public static ExpectedFile Read(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.ValueKind != JsonValueKind.Object ? throw new JsonException("it is not an object")
                : document.RootElement.TryGetProperty("last_logits", out _) ? new ExpectedLogits(document)
                : document.RootElement.TryGetProperty("items", out _) ? new ExpectedAnswers(document)
                : throw new JsonException("it has neither last_logits nor items");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            document?.Dispose();
            throw new ModelFolderException(folder, $"{Path.GetFileName(path)} is no file of expected results: {e.Message}", e);
        }
    }

    /// <summary>Compares the plain forward pass.</summary>
    public abstract IEnumerable<ExpectedFigure> Reference(ReferenceDecoder decoder, CancellationToken cancellationToken);

    /// <summary>Compares a folder's graphs.</summary>
    public abstract IEnumerable<ExpectedFigure> Graphs(ModelFolder folder, SessionOptions options, CancellationToken cancellationToken);

    public void Dispose() => _document.Dispose();

    protected static int[] Integers(JsonElement list) => [.. list.EnumerateArray().Select(v => v.GetInt32())];

    protected static ExpectedFigure Count(string path, string what, int differing, int all) =>
        new(path, what, $"{differing} of {all}", $"0 of {all}", differing == 0);
}

/// <summary>Logits, likelihood and greedy tokens of a few texts.</summary>
internal sealed class ExpectedLogits : ExpectedFile
{
    private const int GreedyPrompt = 12;

    private readonly int[][] _texts;
    private readonly float[][] _last;
    private readonly float[][] _middle;
    private readonly int _middlePosition;
    private readonly double _meanNegativeLogLikelihood;
    private readonly int[][] _greedy;

    public ExpectedLogits(JsonDocument document) : base(document)
    {
        JsonElement root = document.RootElement;
        _texts = [.. root.GetProperty("input_ids").EnumerateArray().Select(Integers)];
        _last = Rows(root.GetProperty("last_logits"));
        _middle = Rows(root.GetProperty("mid_logits"));
        _middlePosition = root.GetProperty("mid_position").GetInt32();
        _meanNegativeLogLikelihood = root.GetProperty("mean_nll").GetDouble();
        _greedy = [.. root.GetProperty("greedy_from_first_12").EnumerateArray().Select(Integers)];
        if (_last.Length != _texts.Length || _middle.Length != _texts.Length || _greedy.Length != _texts.Length || Array.Exists(_texts, t => t.Length <= Math.Max(GreedyPrompt, _middlePosition)))
            throw new FormatException("its lists do not fit together");
    }

    public override IEnumerable<ExpectedFigure> Reference(ReferenceDecoder decoder, CancellationToken cancellationToken)
    {
        foreach (ExpectedFigure figure in Logits("reference", visit => decoder.Logits(_texts, visit, cancellationToken)))
            yield return figure;
        yield return Greedy("reference", (prompt, count) => decoder.Greedy(prompt, count, cancellationToken));
    }

    public override IEnumerable<ExpectedFigure> Graphs(ModelFolder folder, SessionOptions options, CancellationToken cancellationToken)
    {
        using (var scoring = new ScoringGraph(folder, options))
        {
            foreach (ExpectedFigure figure in Logits("graph", visit => scoring.Logits(_texts, visit, cancellationToken)))
                yield return figure;
        }
        using var engine = new EngineGraph(folder, options, _texts.Max(t => t.Length));
        yield return Difference("graph", "last logits of the engine", _last.Select((row, i) => (row, engine.LastLogits(_texts[i]))));
        yield return Greedy("graph", (prompt, count) => engine.Greedy(prompt, count));
    }

    private IEnumerable<ExpectedFigure> Logits(string path, Action<LogitsVisitor> compute)
    {
        var last = new float[_texts.Length][];
        var middle = new float[_texts.Length][];
        double likelihood = 0;
        int predicted = 0;
        compute((text, position, logits) =>
        {
            if (position == _middlePosition)
                middle[text] = logits.ToArray();
            if (position == _texts[text].Length - 1)
            {
                last[text] = logits.ToArray();
                return;
            }
            likelihood += LogProbability.Of(logits, _texts[text][position + 1]);
            predicted++;
        });
        yield return Difference(path, "last logits", _last.Zip(last));
        yield return Difference(path, $"logits at position {_middlePosition}", _middle.Zip(middle));
        double difference = Math.Abs(-likelihood / predicted - _meanNegativeLogLikelihood);
        yield return new ExpectedFigure(path, "mean negative log likelihood", FormattableString.Invariant($"{difference:0.0e+0} nats"), FormattableString.Invariant($"{LikelihoodLimit:0.0e+0} nats"), difference <= LikelihoodLimit);
    }

    private static ExpectedFigure Difference(string path, string what, IEnumerable<(float[] Expected, float[] Got)> pairs)
    {
        double worst = 0;
        foreach ((float[] expected, float[] got) in pairs)
        {
            if (expected.Length != got.Length)
                return new(path, what, $"{got.Length} logits", $"{expected.Length} logits", false);
            double largest = expected.Max(Math.Abs);
            double off = expected.Zip(got, (a, b) => Math.Abs((double)a - b)).Max();
            worst = double.IsFinite(off) ? Math.Max(worst, off / largest) : double.PositiveInfinity;
        }
        return new(path, what, FormattableString.Invariant($"{worst:0.0e+0} of the largest"), FormattableString.Invariant($"{LogitLimit:0.0e+0} of the largest"), worst <= LogitLimit);
    }

    private ExpectedFigure Greedy(string path, Func<int[], int, int[]> answer)
    {
        int differing = 0;
        for (int i = 0; i < _texts.Length; i++)
            differing += answer(_texts[i][..GreedyPrompt], _greedy[i].Length).Zip(_greedy[i]).Count(p => p.First != p.Second);
        return Count(path, "greedy tokens that differ", differing, _greedy.Sum(g => g.Length));
    }

    private static float[][] Rows(JsonElement list) => [.. list.EnumerateArray().Select(row => row.EnumerateArray().Select(v => v.GetSingle()).ToArray())];
}

/// <summary>Greedy answers to prompts.</summary>
internal sealed class ExpectedAnswers : ExpectedFile
{
    private readonly (int[] Prompt, int[] Answer)[] _items;

    public ExpectedAnswers(JsonDocument document) : base(document) =>
        _items = [.. document.RootElement.GetProperty("items").EnumerateArray().Select(i => (Integers(i.GetProperty("prompt_ids")), Integers(i.GetProperty("tokens"))))];

    /// <summary>An answer is greedy where every one of its tokens is the most likely one behind those before it: one pass over prompt and answer shows it.</summary>
    public override IEnumerable<ExpectedFigure> Reference(ReferenceDecoder decoder, CancellationToken cancellationToken)
    {
        var differs = new bool[_items.Length];
        decoder.Logits([.. _items.Select(i => (int[])[.. i.Prompt, .. i.Answer])], (item, position, logits) =>
        {
            int answered = position + 1 - _items[item].Prompt.Length;
            if (answered >= 0 && answered < _items[item].Answer.Length)
                differs[item] |= System.Numerics.Tensors.TensorPrimitives.IndexOfMax(logits) != _items[item].Answer[answered];
        }, cancellationToken);
        yield return Count("reference", "greedy answers that differ", differs.Count(d => d), _items.Length);
    }

    public override IEnumerable<ExpectedFigure> Graphs(ModelFolder folder, SessionOptions options, CancellationToken cancellationToken)
    {
        using var engine = new EngineGraph(folder, options, _items.Max(i => i.Prompt.Length + i.Answer.Length));
        int differing = 0;
        foreach ((int[] prompt, int[] answer) in _items)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!engine.Greedy(prompt, answer.Length).AsSpan().SequenceEqual(answer))
                differing++;
        }
        yield return Count("graph", "greedy answers that differ", differing, _items.Length);
    }
}
