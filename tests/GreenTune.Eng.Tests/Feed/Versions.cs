using System.Xml.Linq;

namespace GreenTune.Eng.Tests.Feed;

internal static class Versions
{
    public static Dictionary<string, string> Read()
        => XDocument.Load(Repository.PathOf("eng", "feed", "Versions.props")).Root!.Elements("PropertyGroup").Elements().ToDictionary(element => element.Name.LocalName, element => element.Value);
}
