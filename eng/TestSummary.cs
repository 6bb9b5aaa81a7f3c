#:property PublishAot=false
// Adds up the .trx files that xunit's runner writes: names what failed and why something was skipped, then prints "N passed, N failed, N skipped".
// A project that is named and left no PROJECT.trx counts as a failure, and so does one whose PROJECT.exit says that its program did not end well when no test of it failed.
// Usage: dotnet run eng/TestSummary.cs -- FOLDER [PROJECT...]

using System.Globalization;
using System.Xml;
using System.Xml.Linq;

if (args is not [string folder, .. string[] projects] || !Directory.Exists(folder))
{
    Console.Error.WriteLine("Usage: dotnet run eng/TestSummary.cs -- FOLDER-OF-TRX-FILES [PROJECT...]");
    return 2;
}

XNamespace ns = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";
int passed = 0, failed = 0, skipped = 0;
string[] files = Directory.GetFiles(folder, "*.trx", SearchOption.AllDirectories);
foreach (string file in files)
{
    XElement run;
    try
    {
        run = XDocument.Load(file).Root!;
    }
    catch (XmlException error)
    {
        failed++;
        Console.WriteLine($"FAILED  {file} cannot be read, its program was probably ended while it wrote: {error.Message}");
        continue;
    }

    int failedBefore = failed;
    foreach (XElement result in run.Descendants(ns + "UnitTestResult"))
    {
        string name = ((string)result.Attribute("testName")!).Replace("\\\"", "\"");
        string? message = result.Descendants(ns + "Message").FirstOrDefault()?.Value.Trim();
        switch ((string)result.Attribute("outcome")!)
        {
            case "Passed":
                passed++;
                break;
            case "NotExecuted":
                skipped++;
                Console.WriteLine($"skipped {name}: {message ?? result.Descendants(ns + "StdOut").FirstOrDefault()?.Value.Trim() ?? "it gives no reason"}");
                break;
            case "NotRunnable":
                skipped++;
                Console.WriteLine($"skipped {name}: explicit, it runs when asked for by name");
                break;
            default:
                failed++;
                Console.WriteLine($"FAILED  {name}: {message}");
                break;
        }
    }

    // What goes wrong around the tests, in what they share or in the program itself, is no test's result.
    string project = Path.GetFileNameWithoutExtension(file);
    string exit = Path.ChangeExtension(file, ".exit");
    string? ended = File.Exists(exit) ? File.ReadAllText(exit).Trim() : null;
    if (failed == failedBefore && (ended is not (null or "0") || (string?)run.Element(ns + "ResultSummary")?.Attribute("outcome") is not "Completed"))
    {
        failed++;
        Console.WriteLine($"FAILED  {project} did not come to a good end (exit code {ended ?? "unknown"}): its last lines are above, all of them in {Path.ChangeExtension(file, ".log")}");
    }
}

foreach (string project in projects.Where(project => !File.Exists(Path.Combine(folder, project + ".trx"))))
{
    failed++;
    Console.WriteLine($"FAILED  {project} left no results");
}

if (files.Length == 0)
{
    failed++;
    Console.WriteLine("FAILED  no test project left any result");
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{passed} passed, {failed} failed, {skipped} skipped"));
return failed == 0 ? 0 : 1;
