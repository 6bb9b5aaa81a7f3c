using GreenTune.Core.Contracts;
using GreenTune.Dashboard.Live;
using GreenTune.Dashboard.Services;
using GreenTune.Dashboard.Ui;

namespace GreenTune.Dashboard.Pages.Keys;

/// <summary>Keys' state: the list, the form, and a new key until its reader has stored it.</summary>
public sealed class KeysModel(AccountingClient accounting, TimeProvider time) : IDisposable
{
    public Loadable<IReadOnlyList<KeyView>> Keys { get; } = new(time);

    /// <summary>The form when it is open.</summary>
    public KeyForm? Form { get; private set; }

    /// <summary>A key that was just made. Held here alone and only until <see cref="Forget"/>.</summary>
    public KeyCreated? Created { get; private set; }

    public bool Busy { get; private set; }

    /// <summary>Those that are shown: active ones, or all.</summary>
    public IReadOnlyList<KeyView> Shown(bool all, string? tenant) =>
        [.. (Keys.Value ?? []).Where(key => (all || KeyText.IsActive(key, time.GetUtcNow())) && (tenant is null || key.Tenant == tenant))];

    public Task LoadAsync() => Keys.LoadAsync(accounting.GetKeysAsync);

    public void OpenForm(string? tenant)
    {
        Created = null;
        Form = KeyForm.New(tenant);
    }

    public void CloseForm() => Form = null;

    /// <summary>The reader has stored the new key.</summary>
    public void Forget() => Created = null;

    /// <summary>Makes the key; false with the form's errors set when it was not made.</summary>
    public async Task<bool> CreateAsync()
    {
        if (Form is not { } form || form.Read(time.GetUtcNow()) is not { } input)
        {
            return false;
        }

        Busy = true;
        try
        {
            Created = await accounting.CreateKeyAsync(input, CancellationToken.None);
            Put(Created.View);
            Form = null;
            return true;
        }
        catch (ServiceException e)
        {
            form.Refuse(e.Message, e.Fields);
            return false;
        }
        finally
        {
            Busy = false;
        }
    }

    /// <summary>Revokes; returns why it did not, or null.</summary>
    public async Task<string?> RevokeAsync(Guid id)
    {
        try
        {
            Put(await accounting.RevokeKeyAsync(id, CancellationToken.None));
            if (Created?.View.Id == id)
            {
                Created = null;
            }

            return null;
        }
        catch (ServiceException e)
        {
            return e.Message;
        }
    }

    /// <summary>Takes one event; returns whether the list has to be loaded again: it says that a key was revoked, not when and by whom.</summary>
    public bool Concerns(AccountingEvent item) => item is KeyWasRevoked { Id: var id } && Keys.Value is { } keys && keys.Any(key => key.Id == id && key.RevokedAt is null);

    public void Dispose()
    {
        Created = null;
        Keys.Dispose();
    }

    private void Put(KeyView key) => Keys.Set([.. (Keys.Value ?? []).Where(other => other.Id != key.Id).Append(key).OrderByDescending(other => other.CreatedAt).ThenBy(other => other.Id)]);
}
