using GreenTune.Dashboard;
using GreenTune.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddDashboard();
var app = builder.Build();
app.MapDefaultEndpoints();
app.MapDashboard();
return await app.RunServiceAsync();

/// <summary>Public so that tests can start it.</summary>
public partial class Program;
