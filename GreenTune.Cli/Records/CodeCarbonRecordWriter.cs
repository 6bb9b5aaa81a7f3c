using System.Text;
using GreenTune.Core.Contracts;
using GreenTune.Core.Exports;

namespace GreenTune.Cli.Records;

/// <summary>CodeCarbon's emissions.csv, for tools that read it.</summary>
internal sealed class CodeCarbonRecordWriter : IRecordWriter
{
    public string Header() => CodeCarbonWriter.Header + CsvText.LineEnd;

    public void Append(StringBuilder lines, RecordView view)
    {
        using var text = new StringWriter(lines);
        new CodeCarbonWriter(text).Write(view);
    }
}
