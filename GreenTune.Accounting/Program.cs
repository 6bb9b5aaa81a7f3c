using GreenTune.Accounting;
using GreenTune.ServiceDefaults;

WebApplication app = AccountingApp.Create(args);
return await app.RunServiceAsync(cancellation => AccountingApp.OpenAsync(app, cancellation));
