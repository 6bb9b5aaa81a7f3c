namespace GreenTune.Dashboard.Ui;

/// <summary>A form as it is typed. What is wrong is kept by field, whether the form or the service found it; what belongs to no field that is shown stands above the form.</summary>
public abstract class TypedForm
{
    private readonly Dictionary<string, string> _errors = new(StringComparer.Ordinal);

    /// <summary>What went wrong with the whole, beside the fields.</summary>
    public string? Problem { get; private set; }

    /// <summary>Nothing wrong was found in a field.</summary>
    protected bool IsGood => _errors.Count == 0;

    /// <summary>The fields that are shown now, as the contract names them.</summary>
    protected abstract IReadOnlyCollection<string> Shown { get; }

    public string? ErrorOf(string field) => _errors.GetValueOrDefault(field);

    /// <summary>Shows what the service found wrong: at its fields where it names them, above the form otherwise.</summary>
    public virtual void Refuse(string message, IReadOnlyDictionary<string, string> fields)
    {
        var everyShown = fields.Count > 0;
        foreach (var (name, text) in fields)
        {
            // "thresholds[1].fraction" belongs to the thresholds, where it has no field of its own.
            var field = Shown.Contains(name) ? name : name.Split('[', '.')[0];
            _errors[field] = text;
            everyShown &= Shown.Contains(field);
        }

        Problem = everyShown ? null : message;
    }

    /// <summary>Forgets what was wrong, before the form is read anew.</summary>
    protected void Clear()
    {
        _errors.Clear();
        Problem = null;
    }

    /// <summary>Says what is wrong with a field.</summary>
    protected void Wrong(string field, string text) => _errors[field] = text;
}
