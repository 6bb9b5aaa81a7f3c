using System.Text;
using System.Text.Json;
using GreenTune.Core.Contracts;

namespace GreenTune.Cli.Records;

/// <summary>One JSON object a line, in the form of the API.</summary>
internal sealed class JsonLinesRecordWriter : IRecordWriter
{
    public string Header() => "";

    public void Append(StringBuilder lines, RecordView view) => lines.Append(JsonSerializer.Serialize(view, ContractJson.Options)).Append('\n');
}
