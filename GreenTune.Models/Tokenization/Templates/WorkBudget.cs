using System.Runtime.CompilerServices;

namespace GreenTune.Models.Tokenization.Templates;

/// <summary>How much a template may still do. A hostile one ends with an error instead of holding up or filling the service.</summary>
internal sealed class WorkBudget
{
    /// <summary>Characters and list items that may be read or written, each expression counting as some. A template of 10 kB over a conversation of 1 MB needs a tenth.</summary>
    private const long Most = 400_000_000;

    /// <summary>UTF-16 units of one text.</summary>
    private const int LongestText = 32 << 20;

    private const int DeepestCall = 100;
    private const int StepCost = 40;

    private long _left = Most;
    private int _depth;

    /// <summary>One expression or statement.</summary>
    public void Step() => Charge(StepCost);

    public void Charge(long cost)
    {
        _left -= cost;
        if (_left < 0)
            throw new TemplateException("The chat template takes too many steps.");
    }

    /// <summary>A text about to be made.</summary>
    public void ChargeText(long length)
    {
        if (length > LongestText)
            throw new TemplateException($"The chat template makes a text of more than {LongestText} characters.");
        Charge(length);
    }

    public void Enter()
    {
        if (++_depth > DeepestCall)
            throw new TemplateException("The chat template calls itself too deeply.");
    }

    public static void EnsureStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateException("The chat template nests too deeply.");
    }

    public void Leave() => _depth--;
}
