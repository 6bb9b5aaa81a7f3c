using GreenTune.Dashboard;
using GreenTune.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddDashboard();
var app = builder.Build();
app.MapDefaultEndpoints();
app.MapDashboard();
app.Run();

/// <summary>Public so that tests can start it.</summary>
public partial class Program;
