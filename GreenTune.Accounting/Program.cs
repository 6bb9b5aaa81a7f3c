using GreenTune.Accounting;
using GreenTune.Accounting.Store;
using Microsoft.Extensions.Options;

try
{
    await using WebApplication app = AccountingApp.Create(args);
    await AccountingApp.OpenAsync(app, CancellationToken.None);
    await app.RunAsync();
    return 0;
}
catch (OptionsValidationException e)
{
    foreach (string failure in e.Failures)
    {
        Console.Error.WriteLine(failure);
    }

    return 1;
}
catch (StoreStartException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
