using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;

namespace GreenTune.Accounting.Store;

/// <summary>
/// Inserts many rows of one table with one prepared command, several times faster than tracking each. Columns, conversions and quoting come from EF's
/// model, so the SQL is the database's own and a new column needs no change here. Runs inside the context's transaction.
/// </summary>
internal sealed class BulkInsert<T>
    where T : class
{
    private sealed record Column(string Name, IClrPropertyGetter Getter, RelationalTypeMapping Mapping, bool Nullable);

    private readonly string _table;
    private readonly string _sql;
    private readonly Column[] _columns;

    /// <param name="db">Any context of the model.</param>
    /// <param name="unique">Property whose value is unique: a row that has one already in the table is passed over. Null where that is an error.</param>
    public BulkInsert(AccountingDb db, string? unique = null)
    {
        IEntityType type = db.Model.FindEntityType(typeof(T)) ?? throw new InvalidOperationException($"{typeof(T).Name} is not in the model.");
        var sql = db.GetService<ISqlGenerationHelper>();
        _table = type.GetTableName()!;
        IProperty? generated = type.FindPrimaryKey()!.Properties.SingleOrDefault(property => property.ValueGenerated == ValueGenerated.OnAdd);
        _columns = [.. type.GetProperties().Where(property => property != generated)
            .Select(property => new Column(property.GetColumnName(), property.GetGetter(), property.GetRelationalTypeMapping(), property.IsNullable))];
        string names = string.Join(", ", _columns.Select(column => sql.DelimitIdentifier(column.Name)));
        string values = string.Join(", ", _columns.Select((_, i) => sql.GenerateParameterName($"p{i}")));
        _sql = $"INSERT INTO {sql.DelimitIdentifier(_table)} ({names}) VALUES ({values})";
        if (unique is not null)
        {
            _sql += $" ON CONFLICT ({sql.DelimitIdentifier(type.FindProperty(unique)!.GetColumnName())}) DO NOTHING";
        }

        if (generated is not null)
        {
            _sql += $" RETURNING {sql.DelimitIdentifier(generated.GetColumnName())}";
        }
    }

    /// <param name="db">Context whose transaction is open.</param>
    /// <param name="rows">Rows to insert.</param>
    /// <param name="generated">Gets the generated key of each row that was inserted; null where the table generates none.</param>
    /// <param name="cancellation">Ends between two rows.</param>
    public async Task RunAsync(AccountingDb db, IReadOnlyCollection<T> rows, Action<T, long>? generated, CancellationToken cancellation)
    {
        if (rows.Count == 0)
        {
            return;
        }

        using var span = DatabaseSpans.StartBatch("INSERT", _table, rows.Count, db.Database.GetDbConnection());
        await using DbCommand command = db.Database.GetDbConnection().CreateCommand();
        command.Transaction = db.Database.CurrentTransaction!.GetDbTransaction();
#pragma warning disable CA2100 // Made of the model's names; values are parameters.
        command.CommandText = _sql;
#pragma warning restore CA2100
        for (int i = 0; i < _columns.Length; i++)
        {
            command.Parameters.Add(_columns[i].Mapping.CreateParameter(command, $"p{i}", null, _columns[i].Nullable));
        }

        foreach (T row in rows)
        {
            cancellation.ThrowIfCancellationRequested();
            for (int i = 0; i < _columns.Length; i++)
            {
                object? value = _columns[i].Getter.GetClrValue(row);
                command.Parameters[i].Value = (value is null || _columns[i].Mapping.Converter is not { } converter ? value : converter.ConvertToProvider(value)) ?? DBNull.Value;
            }

            if (generated is null)
            {
                await command.ExecuteNonQueryAsync(cancellation);
            }
            else if (await command.ExecuteScalarAsync(cancellation) is { } key)
            {
                generated(row, Convert.ToInt64(key, CultureInfo.InvariantCulture));
            }
        }
    }
}
