using Radzen;

namespace GreenTune.Dashboard.Ui;

/// <summary>Short messages that go away by themselves; screen readers hear them when they have time.</summary>
public sealed class Toasts(NotificationService notifications)
{
    private const double ShortMilliseconds = 5000;
    private const double LongMilliseconds = 9000;

    public void Done(string message) => Show(NotificationSeverity.Success, message, ShortMilliseconds);

    public void Info(string message) => Show(NotificationSeverity.Info, message, ShortMilliseconds);

    public void Failed(string message) => Show(NotificationSeverity.Error, message, LongMilliseconds);

    private void Show(NotificationSeverity severity, string message, double milliseconds) =>
        notifications.Notify(new NotificationMessage { Severity = severity, Summary = message, Duration = milliseconds, CloseAriaLabel = "Close message" });
}
