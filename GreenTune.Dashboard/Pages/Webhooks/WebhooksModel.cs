using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Webhooks;

/// <summary>Webhooks' state: the list, budgets to choose from, the form, results of tests, and a new secret until its reader has stored it.</summary>
public sealed class WebhooksModel(AccountingClient accounting, TimeProvider time) : IDisposable
{
    private readonly Dictionary<Guid, WebhookTest> _tests = [];

    public Loadable<IReadOnlyList<WebhookView>> Webhooks { get; } = new(time);

    public Loadable<IReadOnlyList<BudgetStatus>> Budgets { get; } = new(time);

    /// <summary>The form when it is open.</summary>
    public WebhookForm? Form { get; private set; }

    /// <summary>A webhook that was just made, with its secret. Held here alone and only until <see cref="Forget"/>.</summary>
    public WebhookCreated? Created { get; private set; }

    public bool Busy { get; private set; }

    /// <summary>The webhook whose test is under way.</summary>
    public Guid? Testing { get; private set; }

    /// <summary>Results of tests that were made here, by webhook.</summary>
    public IReadOnlyDictionary<Guid, WebhookTest> Tests => _tests;

    public Task LoadAsync() => Task.WhenAll(LoadWebhooksAsync(), Budgets.LoadAsync(accounting.GetBudgetsAsync));

    public Task LoadWebhooksAsync() => Webhooks.LoadAsync(accounting.GetWebhooksAsync);

    public void OpenNew()
    {
        Created = null;
        Form = WebhookForm.New();
    }

    public void OpenEdit(Guid id)
    {
        Created = null;
        Form = Webhooks.Value?.FirstOrDefault(hook => hook.Id == id) is { } webhook ? WebhookForm.Edit(webhook) : null;
    }

    public void CloseForm() => Form = null;

    /// <summary>The reader has stored the secret.</summary>
    public void Forget() => Created = null;

    /// <summary>Saves the form; returns the webhook, or null with the form's errors set.</summary>
    public async Task<WebhookView?> SaveAsync()
    {
        if (Form is not { } form || form.Read() is not { } input)
        {
            return null;
        }

        Busy = true;
        try
        {
            WebhookView saved;
            if (form.Edited is { } edited)
            {
                saved = await accounting.UpdateWebhookAsync(edited.Id, input, CancellationToken.None);
            }
            else
            {
                var created = await accounting.CreateWebhookAsync(input, CancellationToken.None);
                // One that was typed is known already.
                Created = input.Secret is null ? created : null;
                saved = created.Webhook;
            }

            Put(saved);
            Form = null;
            return saved;
        }
        catch (ServiceException e)
        {
            form.Refuse(e.Message, e.Fields);
            return null;
        }
        finally
        {
            Busy = false;
        }
    }

    /// <summary>Pauses or resumes; returns why it did not, or null.</summary>
    public async Task<string?> SetPausedAsync(WebhookView webhook, bool paused)
    {
        try
        {
            Put(await accounting.UpdateWebhookAsync(webhook.Id, WebhookForm.InputOf(webhook) with { Paused = paused }, CancellationToken.None));
            return null;
        }
        catch (ServiceException e)
        {
            return e.Message;
        }
    }

    /// <summary>Sends a test delivery and keeps its result; returns why there is none, or null.</summary>
    public async Task<string?> TestAsync(Guid id)
    {
        Testing = id;
        try
        {
            _tests[id] = await accounting.TestWebhookAsync(id, CancellationToken.None);
            await LoadWebhooksAsync();
            return null;
        }
        catch (ServiceException e)
        {
            return e.Message;
        }
        finally
        {
            Testing = null;
        }
    }

    /// <summary>Deletes; returns why it did not, or null.</summary>
    public async Task<string?> DeleteAsync(Guid id)
    {
        try
        {
            await accounting.DeleteWebhookAsync(id, CancellationToken.None);
        }
        catch (ServiceException e) when (e.Failure == ServiceFailure.NotFound)
        {
            // Somebody else was quicker.
        }
        catch (ServiceException e)
        {
            return e.Message;
        }

        Webhooks.Set([.. (Webhooks.Value ?? []).Where(hook => hook.Id != id)]);
        _tests.Remove(id);
        Form = Form?.Edited?.Id == id ? null : Form;
        Created = Created?.Webhook.Id == id ? null : Created;
        return null;
    }

    public void Dispose()
    {
        Created = null;
        Webhooks.Dispose();
        Budgets.Dispose();
    }

    private void Put(WebhookView webhook) =>
        Webhooks.Set([.. (Webhooks.Value ?? []).Where(hook => hook.Id != webhook.Id).Append(webhook).OrderBy(hook => hook.Name, StringComparer.Ordinal).ThenBy(hook => hook.Id)]);
}
