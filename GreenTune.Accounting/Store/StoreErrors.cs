namespace GreenTune.Accounting.Store;

/// <summary>What a database's error means, whichever database it is.</summary>
internal static class StoreErrors
{
    /// <summary>In words why the database cannot take or give anything now; null when the error is of another kind.</summary>
    public static string? Unavailable(Exception? error)
    {
        for (Exception? e = error; e is not null; e = e.InnerException)
        {
            if ((SqliteStore.Unavailable(e) ?? PostgresErrors.Unavailable(e)) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    /// <summary>Two writes met and this one was undone; nothing was stored and it may be tried again at once.</summary>
    public static bool IsConflict(Exception? error)
    {
        for (Exception? e = error; e is not null; e = e.InnerException)
        {
            if (PostgresErrors.IsConflict(e))
            {
                return true;
            }
        }

        return false;
    }
}
