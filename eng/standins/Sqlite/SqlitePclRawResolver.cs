using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace GreenTune.StandIns.Sqlite;

/// <summary>
/// Microsoft.Data.Sqlite was compiled against SQLitePCLRaw 2.1, a partial feed has 2.0.6, and the runtime takes no older assembly than the one asked for.
/// The API in use is the same in both, so the one beside the program answers. Compiled on a partial feed only (eng/feed/Sqlite.props); goes away
/// when that feed has SQLitePCLRaw 2.1.
/// </summary>
internal static class SqlitePclRawResolver
{
    [ModuleInitializer]
#pragma warning disable CA2255 // Has to run before Microsoft.Data.Sqlite is touched, wherever that happens first in this assembly.
    internal static void Initialize()
#pragma warning restore CA2255
    {
        AssemblyLoadContext.Default.Resolving += (context, name) => Resolve(context, name);
        // A method of its own, since the names in it are resolved when it is compiled.
        SetProvider();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void SetProvider() => SQLitePCL.Batteries_V2.Init();

    private static Assembly? Resolve(AssemblyLoadContext context, AssemblyName name)
    {
        if (name.Name?.StartsWith("SQLitePCLRaw.", StringComparison.Ordinal) != true)
        {
            return null;
        }

        string path = Path.Combine(AppContext.BaseDirectory, name.Name + ".dll");
        return File.Exists(path) ? context.LoadFromAssemblyPath(path) : null;
    }
}
