using System.Buffers;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Data.Sqlite;

namespace GreenTune.Accounting.Store;

/// <summary>
/// One prepared statement on a connection's own SQLite, with parameters by their number (https://www.sqlite.org/c3ref/intro.html). The managed binding cannot be
/// named here: a partial feed compiles against another version of it than it loads. For one thread at a time.
/// </summary>
internal sealed unsafe partial class SqliteStatement : IDisposable
{
    private const string Library = "e_sqlite3";
    private const int Row = 100;
    private const int Finished = 101;

    /// <summary>SQLITE_TRANSIENT: SQLite copies what is bound before the call returns.</summary>
    private const nint Transient = -1;

    private static readonly PropertyInfo HandleOf = typeof(SqliteConnection).GetProperty("Handle") ?? throw new InvalidOperationException("SqliteConnection has no Handle any more.");

    private readonly SafeHandle _database;
    private nint _statement;

    /// <exception cref="SqliteException">The statement cannot be prepared.</exception>
    public SqliteStatement(SqliteConnection connection, string sql)
    {
        _database = (SafeHandle)(HandleOf.GetValue(connection) ?? throw new InvalidOperationException("The connection is not open."));
        Check(Prepare(_database.DangerousGetHandle(), sql, -1, out _statement, 0));
    }

    /// <param name="number">From 1.</param>
    /// <param name="value">Null, a string, number, truth value or bytes.</param>
    /// <exception cref="NotSupportedException">The value is of another kind.</exception>
    public void Bind(int number, object? value) => Check(value switch
    {
        null => BindNull(_statement, number),
        string text => Text(number, text),
        double real => BindDouble(_statement, number, real),
        long whole => BindInt64(_statement, number, whole),
        int whole => BindInt64(_statement, number, whole),
        bool yes => BindInt64(_statement, number, yes ? 1 : 0),
        byte[] bytes => Blob(number, bytes),
        _ => throw new NotSupportedException($"A {value.GetType().Name} is not written in bulk."),
    });

    /// <summary>Runs it and makes it ready for the next values.</summary>
    /// <returns>The first column of the first row that it gives back; null when it gives none.</returns>
    /// <exception cref="SqliteException">It failed.</exception>
    public long? Run()
    {
        long? first = null;
        int result;
        while ((result = Step(_statement)) == Row)
        {
            first ??= ColumnInt64(_statement, 0);
        }

        // After a failure it says the same again.
        int reset = Reset(_statement);
        Check(result == Finished ? reset : result);
        return first;
    }

    public void Dispose()
    {
        _ = FinalizeStatement(_statement);
        _statement = 0;
    }

    private int Text(int number, string text)
    {
        const int OnStack = 512;
        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        byte[]? rented = most > OnStack ? ArrayPool<byte>.Shared.Rent(most) : null;
        Span<byte> bytes = rented ?? stackalloc byte[OnStack];
        int length = Encoding.UTF8.GetBytes(text, bytes);
        fixed (byte* start = bytes)
        {
            int result = BindText(_statement, number, start, length, Transient);
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }

            return result;
        }
    }

    private int Blob(int number, byte[] bytes)
    {
        // Of an empty array there is no address, and of no address SQLite makes null.
        byte none = 0;
        fixed (byte* start = bytes)
        {
            return BindBlob(_statement, number, start is null ? &none : start, bytes.Length, Transient);
        }
    }

    private void Check(int result)
    {
        if (result != 0)
        {
            nint message = _database.IsInvalid ? 0 : ErrorMessage(_database.DangerousGetHandle());
            throw new SqliteException($"SQLite Error {result & 0xFF}: '{(message == 0 ? "unknown" : Marshal.PtrToStringUTF8(message))}'.", result & 0xFF, result);
        }
    }

    [LibraryImport(Library, EntryPoint = "sqlite3_prepare_v2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Prepare(nint database, string sql, int bytes, out nint statement, nint tail);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_null")]
    private static partial int BindNull(nint statement, int number);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_int64")]
    private static partial int BindInt64(nint statement, int number, long value);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_double")]
    private static partial int BindDouble(nint statement, int number, double value);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_text")]
    private static partial int BindText(nint statement, int number, byte* text, int bytes, nint destructor);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_blob")]
    private static partial int BindBlob(nint statement, int number, byte* bytes, int length, nint destructor);

    [LibraryImport(Library, EntryPoint = "sqlite3_step")]
    private static partial int Step(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_reset")]
    private static partial int Reset(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_finalize")]
    private static partial int FinalizeStatement(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_int64")]
    private static partial long ColumnInt64(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_errmsg")]
    private static partial nint ErrorMessage(nint database);
}
