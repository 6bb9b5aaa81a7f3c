using GreenTune.Inference;
using GreenTune.ServiceDefaults;
using GreenTune.ServiceDefaults.Prometheus;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddPrometheus();
builder.AddInference();
WebApplication app = builder.Build();
app.MapDefaultEndpoints();
app.MapPrometheus();
app.MapInference();
return await app.RunServiceAsync();
