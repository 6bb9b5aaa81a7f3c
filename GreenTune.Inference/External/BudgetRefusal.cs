using System.Globalization;
using GreenTune.Core.Contracts;
using GreenTune.Inference.Chat;

namespace GreenTune.Inference.External;

/// <summary>A budget's refusal as OpenAI's clients understand it, the same as for the service's own models.</summary>
internal static class BudgetRefusal
{
    public static ApiException Of(ReservationDecision decision)
    {
        var refusal = new ApiException(StatusCodes.Status429TooManyRequests, decision.Message ?? $"The budget '{decision.BudgetName}' is used up.", code: "budget_exceeded", type: "budget_exceeded");
        refusal.Headers[Headers.Budget] = BudgetHeader.Of(decision, null);
        refusal.Headers["x-should-retry"] = "false";
        if (decision.RetryAfterSeconds is long seconds)
        {
            refusal.Headers["Retry-After"] = seconds.ToString(CultureInfo.InvariantCulture);
        }

        return refusal;
    }
}
