using GreenTune.Accounting;
using GreenTune.Accounting.Backup;
using GreenTune.ServiceDefaults;

if (StoreCommands.IsCommand(args))
{
    return await StoreCommands.RunAsync(args, Console.Out, Console.Error);
}

WebApplication app = AccountingApp.Create(args);
return await app.RunServiceAsync(cancellation => AccountingApp.OpenAsync(app, cancellation));
