using System.CommandLine;
using GreenTune.Bench;
using GreenTune.Bench.Energy;
using GreenTune.Bench.Load;
using GreenTune.Bench.Peers;

var root = new RootCommand("GreenTune's performance figures, each against a named peer in the same run.")
{
    EngineBench.Command(),
    OfflineBench.Command(),
    ParityBench.Command(),
    StepsBench.Command(),
    EnergyBench.Command(),
    SamplerBench.Command(),
    HttpBench.Command(),
    LoadBench.Command(),
    GgufExport.Command(),
    LlamaBench.Command(),
    AnswersBench.Command(),
    TokenizerBench.Command(),
    GraphBench.Command(),
    BuildBench.Command(),
    RandomCheckpoint.Command(),
    QualityBench.Command(),
};
return await root.Parse(args).InvokeAsync();
