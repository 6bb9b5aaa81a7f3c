using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Microsoft.EntityFrameworkCore.Migrations.Operations.Builders;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

namespace GreenTune.Accounting.Store.Migrations;

/// <summary>Columns that every database writes in its own way. Types are left to the provider: typed <c>table.Column</c>, never a type by name.</summary>
internal static class MigrationColumns
{
    /// <summary>A key that the database counts up: AUTOINCREMENT in SQLite, an identity column in PostgreSQL.</summary>
    public static OperationBuilder<AddColumnOperation> Generated<T>(this ColumnsBuilder table) => table.Column<T>()
        .Annotation("Sqlite:Autoincrement", true)
        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn);
}
