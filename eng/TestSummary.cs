#:property PublishAot=false
// Adds up the .trx files of a test run: names what failed and why something was skipped, then prints "N passed, N failed, N skipped".
// A project that is named and left no PROJECT.trx counts as a failure.
// Usage: dotnet run eng/TestSummary.cs -- FOLDER [PROJECT...]

using System.Globalization;
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
    XElement run = XDocument.Load(file).Root!;
    int failedBefore = failed;
    foreach (XElement result in run.Descendants(ns + "UnitTestResult"))
    {
        string name = (string)result.Attribute("testName")!;
        string? message = result.Descendants(ns + "Message").FirstOrDefault()?.Value.Trim();
        switch ((string)result.Attribute("outcome")!)
        {
            case "Passed":
                passed++;
                break;
            case "NotExecuted":
                skipped++;
                Console.WriteLine($"skipped {name}: {message ?? "explicit, it runs when asked for by name"}");
                break;
            default:
                failed++;
                Console.WriteLine($"FAILED  {name}: {message}");
                break;
        }
    }

    // A host that crashed leaves no result for what it was running, and what went wrong around the tests has none either.
    if ((string?)run.Element(ns + "ResultSummary")?.Attribute("outcome") is "Failed" or "Aborted" or "Error" && failed == failedBefore)
    {
        failed++;
        string[] said = [.. run.Descendants(ns + "RunInfo").Where(info => (string?)info.Attribute("outcome") == "Error").Select(info => info.Value.Trim())];
        Console.WriteLine($"FAILED  the run in {Path.GetFileName(file)} did not come to its end: {(said.Length == 0 ? "it says nothing more" : string.Join("; ", said))}");
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
