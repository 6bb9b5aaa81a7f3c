using System.Globalization;
using GreenTune.Core.Contracts;

namespace GreenTune.Inference.Chat;

/// <summary>A budget's refusal as OpenAI's clients understand it, whatever would have answered.</summary>
internal static class BudgetRefusal
{
    public static ApiException Of(ReservationDecision decision)
    {
        var refusal = new ApiException(
            StatusCodes.Status429TooManyRequests,
            decision.Message ?? $"The budget '{decision.BudgetName}' is used up.",
            code: "budget_exceeded",
            type: "budget_exceeded");
        refusal.Headers[Headers.Budget] = BudgetHeader.Of(decision, null);
        // A carbon budget does not come back in the seconds that clients retry for; OpenAI's own clients heed this header.
        refusal.Headers[ApiException.ShouldRetry] = "false";
        if (decision.RetryAfterSeconds is long seconds)
        {
            refusal.Headers[ApiException.RetryAfter] = seconds.ToString(CultureInfo.InvariantCulture);
        }

        return refusal;
    }
}
